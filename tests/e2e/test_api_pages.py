"""The pages, asked for over plain http on a real database: who sees whom, and what no form may do."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from earlywarn.store import DatabaseUrls, owner_engine
from tests.builders.serving import HERE, Loaded, load_network, serving

HTML = {"Accept": "text/html", "Accept-Language": "fr-CA"}


@pytest.fixture(scope="module")
def loaded(database: DatabaseUrls) -> Loaded:
    """Return the loaded network."""
    return load_network(database)


@pytest.fixture
def client(loaded: Loaded) -> Iterator[TestClient]:
    """Return a visitor without a session."""
    with serving(loaded) as asking:
        asking.headers.update(HTML)
        yield asking


def form_token(html: str) -> str:
    """Return the token of a page's form."""
    found = re.search(r'name="form_token" value="([^"]+)"', html)
    assert found
    return found[1]


def sign_in(client: TestClient, account: str) -> None:
    """Sign in as a demonstration account."""
    token = form_token(client.get("/sign-in").text)
    answer = client.post("/sign-in", data={"form_token": token, "account": account})
    assert answer.status_code == 303


def test_the_way_in_and_out(client: TestClient) -> None:
    """Signing in leads to the students; after signing out the same cookie opens nothing."""
    assert client.get("/").headers["location"] == "/sign-in"
    sign_in(client, "teacher")
    page = client.get("/students")
    kept = client.cookies.get("earlywarn_session")

    assert page.status_code == 200
    assert client.post("/sign-out", data={"form_token": form_token(page.text)}).status_code == 303
    client.cookies.set("earlywarn_session", kept or "")
    assert client.get("/students").status_code == 401


@pytest.mark.parametrize("path", ["/students", "/students/ana"])
def test_nobody_signed_in_sees_nobody(client: TestClient, path: str) -> None:
    """Without a session every page of students is 401, and says so as a page."""
    answer = client.get(path)

    assert (answer.status_code, answer.headers["content-type"]) == (401, "text/html; charset=utf-8")
    assert "Ana" not in answer.text


def test_the_language_link_stays_on_the_site(client: TestClient) -> None:
    """Whatever path was asked for, the link to the other language names no path and no host."""
    page = client.get(f"{HERE}//evil.example/x")

    assert (page.status_code, 'href="?lang=en"' in page.text, "evil" in page.text) == (404, True, False)


def test_a_teacher_sees_own_students_only(client: TestClient) -> None:
    """Ms. One sees Ana and Bob; Cy of another group, Fay who left and Dee elsewhere are 404 alike."""
    sign_in(client, "teacher")
    page = client.get("/students").text

    assert page.count('class="student"') == 2
    assert "Zúñiga, Ana" in page
    assert client.get("/students/ana").status_code == 200
    assert [client.get(f"/students/{who}").status_code for who in ("cy", "fay", "dee", "zz")] == [404] * 4


def test_a_principal_sees_the_school_by_grade(client: TestClient) -> None:
    """The principal of school one sees its rosters by grade and outcome, nobody of another school."""
    sign_in(client, "principal")
    page = client.get("/students").text

    assert page.index("1re secondaire") < page.index("2e secondaire")
    assert page.count('<th scope="row" role="rowheader">') == 6
    assert "Roy" not in page
    assert client.get("/students/cy").status_code == 200


def test_every_score_says_where_it_comes_from(client: TestClient) -> None:
    """Each page with a score says its day, the data's age, the model, who decides and how to contest."""
    sign_in(client, "teacher")

    for path in ("/students", "/students/ana"):
        page = client.get(path).text.replace("\u00a0", " ")
        assert page.count("Situation au 20 novembre 2026 · données du jour · modèle 1") >= 2
        assert "environ 1 sur 4" in page
        assert "(entre 1 sur 5 et 1 sur 3)" in page
        assert "présenter des observations" in page
        assert "ne décide rien" in page


def test_what_can_be_acted_on_stands_apart(client: TestClient) -> None:
    """Actionable reasons and context have headings of their own, and the evidence its comparison."""
    sign_in(client, "teacher")
    page = client.get("/students/ana").text

    assert page.index("Sur quoi on peut agir") < page.index("9 jours d’absence non motivée")
    assert page.index("Contexte") < page.index("Reprend son année")
    assert "Médiane du groupe (école et niveau)" in page


def test_a_name_is_only_ever_text(client: TestClient) -> None:
    """A student whose name is markup or a template is shown by that very name."""
    sign_in(client, "principal")
    page = client.get("/students").text

    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert "<img" not in page
    assert "{{7*7}}" in page


def test_english_is_a_link_away_and_stays(client: TestClient) -> None:
    """The link turns the page English and the next page stays so."""
    sign_in(client, "teacher")
    first = client.get("/students?lang=en")
    second = client.get("/students/ana")

    assert (first.headers["content-language"], second.headers["content-language"]) == ("en-CA", "en-CA")
    assert "My students" in first.text
    assert "What can be acted on" in second.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_site_cannot_post_a_form(client: TestClient, headers: dict[str, str]) -> None:
    """A form that a foreign page sends is refused, even with the right token."""
    token = form_token(client.get("/sign-in").text)
    answer = client.post("/sign-in", data={"form_token": token, "account": "teacher"}, headers=headers)

    assert answer.status_code == 403


def test_a_form_needs_its_own_token(client: TestClient) -> None:
    """A token of another session, or none, is refused."""
    sign_in(client, "teacher")

    assert client.post("/sign-out", data={"form_token": "x" * 32}).status_code == 403
    assert client.post("/sign-out", data={}).status_code == 422
    assert client.get("/sign-out").status_code == 405
    assert client.get("/students").status_code == 200


def test_the_session_changes_at_sign_in(client: TestClient) -> None:
    """The identifier from before signing in is not kept."""
    client.get("/sign-in")
    before = client.cookies.get("earlywarn_session")
    sign_in(client, "teacher")

    assert client.cookies.get("earlywarn_session") != before


def test_the_cookie_is_guarded(loaded: Loaded) -> None:
    """The cookie is HttpOnly and Strict; over https it is also `__Host-` and Secure."""
    with serving(loaded) as plain, serving(loaded, base_url=HERE.replace("http", "https")) as secure:
        over_http = plain.get("/sign-in").headers["set-cookie"]
        over_https = secure.get("/sign-in").headers["set-cookie"]

    assert over_http.startswith("earlywarn_session=")
    assert over_https.startswith("__Host-earlywarn=")
    assert "Secure" in over_https
    assert all("HttpOnly" in cookie and "SameSite=strict" in cookie for cookie in (over_http, over_https))


def test_a_forged_cookie_opens_nothing(client: TestClient) -> None:
    """A cookie that another key signed, or nobody did, is no session."""
    for forged in (b"WyJhIiwiYiIsInRlYWNoZXIiXQ.aa.bb", b"x", b"\xe9", b"..", b"a.b.c", b'"\\351"'):
        answer = client.get("/students", headers={b"Cookie": b"earlywarn_session=" + forged})
        assert answer.status_code == 401


@pytest.mark.parametrize("client_address", [("192.168.1.20", 5000), ("10.0.0.1", 1)])
def test_the_demonstration_is_refused_from_elsewhere(loaded: Loaded, client_address: tuple[str, int]) -> None:
    """Nobody signs in from another machine."""
    with serving(loaded, client=client_address) as asking:
        assert asking.get("/sign-in").status_code == 403
        assert asking.post("/sign-in", data={"form_token": "x", "account": "teacher"}).status_code == 403


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
def test_the_demonstration_is_refused_through_a_proxy(client: TestClient, header: str) -> None:
    """A proxy on this machine does not make its callers local."""
    assert client.get("/sign-in", headers={header: "127.0.0.1"}).status_code == 403


def test_without_the_demonstration_there_is_no_sign_in(loaded: Loaded) -> None:
    """Where it is not asked for, the sign-in does not exist."""
    with serving(loaded, demo=False) as asking:
        assert asking.get("/sign-in").status_code == 404


def test_a_calling_system_has_no_pages(client: TestClient) -> None:
    """The third account leads to an explanation, and signs nobody in."""
    token = form_token(client.get("/sign-in").text)
    answer = client.post("/sign-in", data={"form_token": token, "account": "system"})

    assert answer.headers["location"] == "/calling-system"
    assert "Authorization: Bearer" in client.get("/calling-system").text
    assert client.get("/students").status_code == 401


def test_an_account_that_is_not_offered_is_404(client: TestClient) -> None:
    """Only demonstration accounts can be chosen."""
    token = form_token(client.get("/sign-in").text)

    assert client.post("/sign-in", data={"form_token": token, "account": "other"}).status_code == 404


def test_pages_carry_no_script_and_no_inline_style(client: TestClient) -> None:
    """What the policy forbids is not there in the first place."""
    sign_in(client, "teacher")
    pages = [client.get(path).text for path in ("/students", "/students/ana", "/sign-in", "/nowhere")]

    assert not any(re.search(r"<script|<style|<[^>]*\s(style|on\w+)=|javascript:", page) for page in pages)


@pytest.mark.parametrize("path", ["/schools/s1/quality", "/schools/quality"])
def test_nobody_signed_in_sees_data_quality(client: TestClient, path: str) -> None:
    """Without a session the pages of data quality are 401."""
    assert client.get(path).status_code == 401


def test_a_principal_sees_the_own_schools_data_quality(client: TestClient) -> None:
    """The rosters' page says what is to settle and leads there; other schools are 404, like none at all."""
    sign_in(client, "principal")
    page = client.get("/students").text
    sheet = client.get("/schools/s1/quality")

    assert '<a href="/schools/s1/quality">Un point à régler dans les données de l’école' in page
    assert sheet.status_code == 200
    assert "Vérifier la saisie du vendredi." in sheet.text
    assert [client.get(f"/schools/{school}/quality").status_code for school in ("s2", "s3", "zz")] == [
        404
    ] * 3


def test_a_teacher_sees_no_data_quality(client: TestClient) -> None:
    """Neither the own school's page nor the list, nor a notice on the own page."""
    sign_in(client, "teacher")

    assert client.get("/schools/s1/quality").status_code == 404
    assert client.get("/schools/quality").status_code == 404
    assert "/quality" not in client.get("/students").text


def test_a_css_sees_its_schools(loaded: Loaded, client: TestClient) -> None:
    """A centre de services starts at the list of its schools and reads each of them, no other's."""
    offer_to_sign_in(loaded, "css")
    sign_in(client, "css")
    start, page = client.get("/students"), client.get("/schools/quality").text

    assert (start.status_code, start.headers["location"]) == (303, "/schools/quality")
    assert page.index("École Un") < page.index("École Deux")
    assert "École Trois" not in page
    assert [client.get(f"/schools/{school}/quality").status_code for school in ("s1", "s2", "s3")] == [
        200,
        200,
        404,
    ]


def test_data_quality_is_in_the_readers_language(client: TestClient) -> None:
    """The sheet is kept in both languages; the link at the top turns it."""
    sign_in(client, "principal")

    assert "Check what is recorded on Fridays." in client.get("/schools/s1/quality?lang=en").text


def test_data_quality_carries_no_script_and_no_inline_style(client: TestClient) -> None:
    """What the policy forbids is not there; the style of sheets is a file of the service."""
    sign_in(client, "principal")
    page = client.get("/schools/s1/quality").text
    style = client.get(re.findall(r'href="(/static/sheet.css[^"]*)"', page)[0])

    assert not re.search(r"<script|<style|<[^>]*\s(style|on\w+)=|javascript:", page)
    assert (style.status_code, style.headers["content-type"]) == (200, "text/css; charset=utf-8")


def offer_to_sign_in(loaded: Loaded, account: str) -> None:
    """Offer an account at the demonstration's sign-in, which only takes those."""
    engine = owner_engine(str(loaded.urls.owner))
    with engine.begin() as connection:
        statement = "UPDATE earlywarn.accounts SET is_demonstration = true WHERE account_id = :account"
        connection.execute(text(statement), {"account": account})
    engine.dispose()
