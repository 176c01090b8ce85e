"""Spelling keys and search, on names of public figures as newspapers and ministries spell them."""

from __future__ import annotations

import subprocess
import sys
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance_graph import names

# Hangul | the usual spelling | other spellings in print
PEOPLE = """
최종건|Choi Jong-kun|Choi Jong-geon|Ch'oe Chong-gŏn|Jong Kun Choi
고윤주|Ko Yun-ju|Ko Yoon-joo|Koh Yun-ju
서욱|Suh Wook|Seo Wook|Suh Uk
서훈|Suh Hoon|Seo Hun|Suh Hun
이도훈|Lee Do-hoon|Yi Do-hun|Lee Dohoon
정의용|Chung Eui-yong|Jeong Ui-yong|Chong Ui-yong
김현종|Kim Hyun-chong|Kim Hyun-jong|Kim Hyon-chong
조태열|Cho Tae-yul|Jo Tae-yeol|Cho Tae-yeol
문재인|Moon Jae-in|Mun Jae-in|Moon Jaein
박일|Park Il|Pak Il
한덕수|Han Duck-soo|Han Deok-su|Han Duk-soo
윤석열|Yoon Suk Yeol|Yoon Seok-yeol|Yun Suk-yeol
이재명|Lee Jae Myung|Lee Jae-myung|Yi Jae-myeong
정연두|Jeong Yeon-doo|Jeong Yeon-du|Chung Yeon-doo
최선희|Choe Son-hui|Choi Sun-hee|Choe Son Hui
김정은|Kim Jong-un|Kim Jong Un|Kim Jeong-eun
김정일|Kim Jong-il|Kim Jong Il|Gim Jeong-il
김일성|Kim Il-sung|Kim Il Song|Gim Il-seong
김여정|Kim Yo-jong|Kim Yo Jong|Kim Yeo-jeong
노무현|Roh Moo-hyun|No Mu-hyeon|Noh Moo-hyun
노태우|Roh Tae-woo|No Tae-u|Noh Tae-woo
이명박|Lee Myung-bak|Yi Myung-bak|I Myeong-bak
박근혜|Park Geun-hye|Pak Kŭn-hye|Park Keun-hye
박정희|Park Chung-hee|Pak Chong-hui|Bak Jeong-hui
전두환|Chun Doo-hwan|Jeon Du-hwan|Chon Tu-hwan
김대중|Kim Dae-jung|Kim Tae-chung|Gim Dae-jung
김영삼|Kim Young-sam|Kim Yong-sam|Gim Yeong-sam
반기문|Ban Ki-moon|Pan Ki-mun|Ban Gi-mun
강경화|Kang Kyung-wha|Kang Kyung-hwa|Gang Gyeong-hwa
윤병세|Yun Byung-se|Yoon Byung-se|Yun Byeong-se
박진|Park Jin|Pak Chin|Bak Jin
조현|Cho Hyun|Jo Hyeon
조현동|Cho Hyun-dong|Jo Hyeon-dong|Cho Hyun Dong
김성한|Kim Sung-han|Kim Seong-han
조태용|Cho Tae-yong|Jo Tae-yong
장호진|Chang Ho-jin|Jang Ho-jin
신원식|Shin Won-sik|Shin Won-shik|Sin Won-sik
위성락|Wi Sung-lac|Wi Seong-rak|Wi Sung-rak
김홍균|Kim Hong-kyun|Kim Hong-gyun
김건|Kim Gunn|Kim Gun|Kim Geon
노규덕|Noh Kyu-duk|Roh Kyu-deok|No Gyu-deok
황준국|Hwang Joon-kook|Hwang Jun-guk
임성남|Lim Sung-nam|Im Seong-nam|Yim Sung-nam
김규현|Kim Kyou-hyun|Kim Kyu-hyun|Kim Gyu-hyeon
천영우|Chun Yung-woo|Chun Young-woo|Cheon Yeong-u
유명환|Yu Myung-hwan|Yoo Myung-hwan|You Myung-hwan
송민순|Song Min-soon|Song Min-sun
정경두|Jeong Kyeong-doo|Jeong Gyeong-du|Jung Kyung-doo
송영무|Song Young-moo|Song Yeong-mu
한민구|Han Min-koo|Han Min-ku|Han Min-gu
이종섭|Lee Jong-sup|Lee Jong-seop|Yi Jong-sup
안규백|Ahn Gyu-back|Ahn Gyu-baek|An Gyu-baek
조명균|Cho Myoung-gyon|Cho Myung-gyun|Jo Myeong-gyun
이인영|Lee In-young|Yi In-yong|I In-yeong
권영세|Kwon Young-se|Kwon Yong-se|Gwon Yeong-se
김연철|Kim Yeon-chul|Kim Yeon-cheol|Kim Yon-chol
류길재|Ryoo Kihl-jae|Ryu Gil-jae|Yu Kil-jae
정동영|Chung Dong-young|Jeong Dong-yeong|Chong Tong-yong
정세균|Chung Sye-kyun|Jeong Se-gyun|Chung Se-kyun
이낙연|Lee Nak-yon|Lee Nak-yeon|Yi Nak-yon
황교안|Hwang Kyo-ahn|Hwang Gyo-an
김부겸|Kim Boo-kyum|Kim Bu-gyeom|Kim Bu-kyum
고건|Goh Kun|Ko Kun|Go Geon
추미애|Choo Mi-ae|Chu Mi-ae
리용호|Ri Yong-ho|Ri Yong Ho|Lee Yong-ho
리선권|Ri Son-gwon|Ri Son Gwon|Lee Son-kwon
리설주|Ri Sol-ju|Ri Sol Ju|Lee Seol-ju
김계관|Kim Kye-gwan|Kim Kye Gwan|Kim Gye-gwan
김영철|Kim Yong-chol|Kim Yong Chol|Kim Young-chul
최룡해|Choe Ryong-hae|Choe Ryong Hae|Choi Ryong-hae
황병서|Hwang Pyong-so|Hwang Byong-so|Hwang Byeong-seo
장성택|Jang Song-thaek|Jang Song Thaek|Chang Song-taek
태영호|Thae Yong-ho|Tae Young-ho|Tae Yong-ho
박봉주|Pak Pong-ju|Pak Pong Ju|Park Bong-ju
노광철|No Kwang-chol|No Kwang Chol|Noh Kwang-chul
현송월|Hyon Song-wol|Hyon Song Wol|Hyun Song-wol
강석주|Kang Sok-ju|Kang Sok Ju|Kang Seok-ju
조용원|Jo Yong-won|Jo Yong Won|Cho Yong-won
"""

# Members of the 19th and 20th National Assembly with their spellings in EveryPolitician's names.csv
# (https://github.com/everypolitician/everypolitician-data); chosen after the rules were written, of
# which 221 of 232 found their person first before some of the rules were widened.
LEGISLATORS = """
안철수|Ahn Cheol-soo|AHN Cheolsoo|An Ĉol-su
백혜련|Back hye-ryun|BACK HYERYUN
백승주|Baek Seung-joo|BAEK SEUNGJOO
배덕광|Bae Duk-kwang|Bae Duk Kwang
변재일|Byun Jae-ill|BYUN Jae Ill
채이배|Chae Yi-bai|CHAE YIBAI
장병완|Chang Byoung-wan|CHANG Byoung Wan
장제원|Chang Je-won|CHANG JEWON
장정숙|Chang Jung-sook|CHANG JUNGSOOK
정양석|Cheong Yang-seog|CHEONG YANGSEOG
진영|CHIN Young
조배숙|Cho Bae-sook|CHO BAESOOK
조응천|Cho Eung-cheon|CHO EUNGCHEON
조훈현|Cho Hun-hyun|Cho Hunhyun|CHO HOONHYUN|Jo Hunhyeon
조정식|Cho Jeong-sik|CHO Jeong Sik
조경태|CHO Kyoung-tae
조원진|Cho Won-jin|CHO Won jin
최도자|Choi Do-ja|CHOI DOJA
최교일|Choi Gyo-il|CHOI GYOIL
최인호|Choi In-ho|CHOI INHO
최재성|Choi Jae-sung|CHOI JAE SUNG
최재천|Choi Jae-cheon|CHOI Jae Cheon
최규성|Choi Kyu-Sung|CHOI Kyu Sung
최경환|Choi Kyung-hwan|Choi Kyoung-hwan|CHOI KYUNGHWAN
최운열|Choi Woon-youl|CHOI WOONYOUL
최연혜|Choi Yeon-hye|CHOI YEONHYE
정종섭|Chong Jong-sup|CHONG JONGSUP
추경호|Choo Kyung-ho|CHOO KYUNGHO
정병국|CHOUNG Byoung-gug
정태옥|Choung Tae-ok|CHOUNG TAEOK
추혜선|Chu Hye-seon|CHU HYESEON
전재수|Chun Jae-soo|CHUN JAESOO
천정배|CHUN Jung-bae
전순옥|CHUN Soon Ok|Jeon Soon-ok
정두언|CHUNG Doo-un
정진석|Chung Jin-suk|CHUNG JINSUK
정의화|Chung Ui-hwa|Chung Ui Hwa
정우택|Chung Woo-taik|CHUNG Woo Taik
정호준|CHYUNG Hojoon
도종환|Do Jong-hwan|DO Jong Hwan
어기구|Eoh Kiy-ku|EOH KIYKU
은수미|EUN Soo Mi
길정우|Gil Jung-woo|KIL Jeong Woo
하태경|Ha Tae-keung|HA Tae Keung
함진규|Ham Jin-gyu|HAM Jin Gyu
한정애|Han Jeoung-ae|HAN Jeoung Ae
한선교|Han Sun-kyo|HAN Sun Kyo
홍철호|Hong Chul-ho|Hong Chul Ho
홍의락|Hong Eui-rak|HONG Eui Rak
홍익표|Hong Ihk-pyo|HONG Ihk Pyo
홍일표|Hong Il-pyo
홍종학|HONG Jong Haak
홍문종|Hong Moon-jong
홍문표|Hong Moon-pyo
홍영표|HONG Young-pyo
황희|HWANG HEE
황주홍|HWANG Ju-hong
황우여|Hwang Woo-yea|HWANG Woo Yea
황영철|Hwang Young-cheul
인재근|In Jae-keun|In Chae-keun
박인숙|IN-SOOK PARK
장석춘|Jang Seok-chun|JANG SEOKCHUN
제윤경|Je Youn-kyung|JE YOUNKYUNG
전해철|Jeon Hae-cheol|JEON Hae Cheol
전혜숙|Jeon Hye-sook|JUN HYESOOK
전현희|Jeon Hyun-heui|JEON HYUNHEUI
정인화|Jeong In-hwa|JEONG INHWA
정갑윤|Jeong Kab-yoon|JEONG Kab Yoon
정운천|Jeong Woon-chun|JEONG WOON CHUN
정용기|Jeong Yong-ki|JEONG Yong Ki
전하진|JHUN Ha Jin
지상욱|Ji Sang-wook|JI SANGWUK
진선미|Jin Sun-mee|JIN Sun Mee
조승래|Jo Seoung-lae|JO SEOUNGLAE
주호영|Joo Ho-young|JOO Ho Young
주광덕|Joo Kwang-deok|JOO KWANGDEOK
주승용|Joo Seung-yong
전병헌|Jun Byung-hun
전희경|Jun Hee-kyung|JUN HEEKYUNG
정청래|JUNG Cheong Rae
정춘숙|Jung Choun-sook|JUNG CHOUNSOOK
정재호|Jung Jae-ho|JUNG JAEHO
정성호|Jung Sung-ho|JUNG Sung Ho
정유섭|Jung You-sub|JUNG YOUSUB
강병원|Kang Byung-won|KANG BYUNGWON
강창희|Kang Chang-hee|Kang Chan-hee
강창일|KANG Chang-il
강길부|Kang Ghil-boo|KANG Ghil Boo
강훈식|Kang Hoon-sik|KANG HOONSIK
강석호|Kang Seok-ho|KANG Seok Ho
강석진|Kang Seok-jin|KANG SEOKJIN
금태섭|Keum Tae-sup|KEUM TAESUP
강효상|Khang Hyo-shang|KHANG HYOSHANG
기동민|Ki Dong-min|KI DONGMIN
김병관|Kim Byoung-gwan|KIM BYOUNGGWAN
김병기|Kim Byung-kee|KIM BYUNGKEE
김병욱|Kim Byung-wook|KIM BYUNGWOOK
김철민|Kim Cheol-min|KIM CHEOLMIN
김종인|Kim Chong-in|Kim Jong-in|KIM CHONGIN
김정우|Kim Chung-woo|KIM CHUNGWOO
김도읍|Kim Do-eup|KIM Do Eup
김동철|Kim Dong-cheol|KIM Dongcheol
김두관|Kim Doo-kwan|KIM DUKWAN
김을동|Kim Eul-dong|KIM Eul Dong
김광림|Kim Gwang-lim|KIM Gwang Lim
김규환|Kim Gyu-hwan|KIM GYUHWAN
김학용|Kim Hack-yong|KIM Hack Yong
김해영|Kim Hae-young|KIM HAEYOUNG
김한길|Kim Han-gil|KIM Han Gil
김한표|Kim Han-pyo|KIM Han Pyo
김한정|Kim Han-jung|KIM HANJUNG
김현아|Kim Hyun-ah|KIM HYUNAH
김현미|Kim Hyun-mee|KIM HYUNMEE
김현권|Kim Hyun-kwon|KIM HYUNKWON
김재경|Kim Jae-kyung|KIM Jae Kyung
김재원|Kim Jae-won|KIM Jaewon
김진표|Kim Jin-pyo|KIM JINPYO
김진태|Kim Jin-tae|KIM Jin Tae
김종대|Kim Jong-dae|KIM JONGDAE
김종회|Kim Jong-hoe|KIM JONGHOE
김종훈|Kim Jong-hoon|KIM JONGHOON
김종민|Kim Jong-min|KIM JONGMIN
김종석|Kim Jong-seok|KIM JONGSEOK
김중로|Kim Joong-ro|KIM JOONGRO
"""
ROWS = [tuple(line.split("|")) for line in (PEOPLE + LEGISLATORS).split("\n") if line]
WESTERN = (
    "Antony Blinken",
    "Stephen Biegun",
    "Robert O'Brien",
    "Mike Pompeo",
    "Mark Esper",
    "Marc Knapper",
    "Kurt Campbell",
    "Matthew Miller",
    "Lloyd Austin",
    "Kevin Kim",
    "Joe Biden",
    "Donald Trump",
)
ENTRIES = [(row[1], row[1]) for row in ROWS] + [(name, name) for name in WESTERN]


def first_hits(rows: list[tuple[str, ...]]) -> tuple[int, list[tuple[str, str]]]:
    """How many spellings were asked, and the (spelling, person) that did not come first."""
    asked = [(row[1], other) for row in rows for other in (row[0], *row[2:])]
    found = {spelling: names.search(spelling, ENTRIES, limit=1) for _, spelling in asked}
    missed = [(s, right) for right, s in asked if not found[s] or found[s][0].id != right]
    return len(asked), missed


def test_spellings_of_officials_find_their_person_first() -> None:
    asked, missed = first_hits([tuple(line.split("|")) for line in PEOPLE.split("\n") if line])
    print(f"officials: {asked - len(missed)} of {asked} spellings find their person first")
    assert missed == []


def test_spellings_of_legislators_find_their_person_first() -> None:
    asked, missed = first_hits([tuple(line.split("|")) for line in LEGISLATORS.split("\n") if line])
    print(f"legislators: {asked - len(missed)} of {asked} spellings find their person first")
    assert len(missed) <= 0.02 * asked, missed


def test_no_two_of_these_people_share_a_key() -> None:
    keys = {id_: names.fold(name) for id_, name in ENTRIES}
    joined = [(a, b) for a, b in combinations(keys, 2) if keys[a] == keys[b]]
    print(f"{len(joined)} pairs of {len(keys)} people share a key")
    assert joined == []


def test_a_key_only_proposes() -> None:
    """A former minister of unification and a singer: two people, one key."""
    assert names.fold("이종석") == names.fold("이정석") == names.fold("Lee Jong-seok")
    found = names.search("Lee Jong-seok", [("minister", "이종석"), ("singer", "이정석")])
    assert [m.id for m in found] == ["minister", "singer"]
    assert found[0].score == found[1].score


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Suh Hoon", "Suh Wook"),
        ("Ko Yun-ju", "Cho Yun-ju"),
        ("Cho Hyun", "Choo Hyun"),
        ("Kim Ji-eun", "Kim Jong-un"),
        ("Chung Eui-yong", "Jeong Yeon-doo"),
        ("Mark Napier", "Marc Knapper"),
        ("Mark Esper", "Marc Knapper"),
        ("Kevin Kim", "Kim Jong-un"),
    ],
)
def test_other_names_have_other_keys(one: str, other: str) -> None:
    assert names.fold(one) != names.fold(other)


@pytest.mark.parametrize(
    "name",
    [
        "Choi Jong-kun",
        "CHOI JONG-KUN",
        "Choi Jong Kun",
        "Choi Jongkun",
        "Jong-kun Choi",
        "Choi, Jong-kun",
        "Choi\u00a0Jong\u2010kun",
        "Ch\u2019oe Cho\u0306ng-go\u0306n",
    ],
)
def test_order_hyphen_case_and_marks_do_not_matter(name: str) -> None:
    assert names.fold(name) == names.fold("최종건")


def test_initials_do_not_matter() -> None:
    assert names.fold("Antony J. Blinken") == names.fold("Antony Blinken")


def test_family_name_comes_first() -> None:
    assert names.units("Jong-kun Choi") == names.units("Choi Jong-kun")
    assert names.units("Kevin Kim")[0] == names.units("Kim Jong-un")[0]


@pytest.mark.parametrize(
    ("hangul", "latin"),
    [
        ("문재인", "Mun Jae-in"),
        ("최종건", "Choe Jong-geon"),
        ("박일", "Bak Il"),
        ("황교안", "Hwang Gyo-an"),
        ("남궁옥분", "Namgung Ok-bun"),
        ("한복남", "Han Bok-nam"),  # the notice's own example of a name that is not assimilated
        ("서울", "Seo Ul"),
        ("국", "guk"),
        ("Blinken", "Blinken"),
        ("", ""),
    ],
)
def test_romanise(hangul: str, latin: str) -> None:
    assert names.romanise(hangul) == latin


def test_romanise_reads_decomposed_hangul() -> None:
    assert names.romanise("\u1106\u116e\u11ab\u110c\u1162\u110b\u1175\u11ab") == "Mun Jae-in"


def test_search_ranks_the_very_name_before_words_keys_and_likeness() -> None:
    entries = [
        ("a", "Blinken"),
        ("antony-blinken", "Antony Blinken"),
        ("antony-blinken", "토니 블링컨"),
        ("suh-hoon", "Suh Hoon"),
        ("suh-wook", "Suh Wook"),
    ]
    found = names.search("blinken", entries)
    assert [(m.id, m.how) for m in found] == [("a", "exact"), ("antony-blinken", "word")]
    assert names.search("ANTONY-blinken", entries)[0].how == "exact"
    assert names.search("Seo Hun", entries)[0][::3] == ("suh-hoon", "key")
    assert names.search("Antony Blinkin", entries)[0][::3] == ("antony-blinken", "near")
    alone = [("plan", "Blinken's planned attendance at the Summit for Democracy"), entries[1]]
    assert [m[::3] for m in names.search("Blinkin", alone)] == [
        ("antony-blinken", "near"),
        ("plan", "near"),
    ]
    assert names.search("Suh", entries)[0].score == names.search("Suh", entries)[1].score
    assert len(names.search("Suh", entries, limit=1)) == 1
    assert names.search("Dwight Eisenhower", entries) == []
    assert names.search("  ", entries) == names.search("", entries) == []


def test_search_finds_an_id_as_it_stands() -> None:
    assert names.search("kr-mofa", [("kr-mofa", "Ministry of Foreign Affairs")])[0].how == "exact"


@given(st.text(max_size=40))
def test_any_text_can_be_folded_and_searched(text: str) -> None:
    key = names.fold(text)
    assert key == names.fold(text.upper().lower()) or not text.isascii()
    assert key == key.lower()
    assert key.isascii()
    names.romanise(text)
    names.search(text, ENTRIES[:20])


def test_importing_it_is_light() -> None:
    code = "import sys, alliance_graph.names; print(int('rapidfuzz' in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0"
