"""问题与建议 on the page: finding one, and its way from the form to the reply."""

from __future__ import annotations

from datetime import date

from clients import Desk
from opinion_town import OpinionTown, opinion

from review import Office


def test_the_list_can_be_narrowed(office: Office) -> None:
    desk = Desk(office, "supervisor")
    everything = desk.words("/opinions")
    assert "5件" in everything
    assert "王*明" in everything
    assert "王小明" not in everything
    for asked, wanted, other in (
        ("week=2017-W15", "路灯不亮", "门口的路坏了"),
        ("nature=suggestion", "建议疏通水渠", "路灯不亮"),
        ("category=housing", "政策不明", "路灯不亮"),
        ("level=village", "建议疏通水渠", "政策不明"),
        ("state=replied", "养老金晚发", "政策不明"),
        ("words=路灯", "路灯不亮", "政策不明"),
    ):
        found = desk.words(f"/opinions?{asked}")
        assert wanted in found, asked
        assert other not in found, asked
    assert "没有符合条件的" in desk.words("/opinions?village=V01&category=education")
    assert desk.audited("view.opinions")[0]["category"] == "education"


def test_from_the_form_to_the_reply(town: OpinionTown, office: Office) -> None:
    desk = Desk(office, "supervisor")
    page = f"/opinions/{town.opinion('门口的路坏了').id}"
    assert "尚未交办" in desk.words(page)
    desk.post(f"{page}/assign", unit="U2", on="2017-04-10", due="2017-04-20")
    assert "农业局" in desk.words(page)
    assert town.opinion("门口的路坏了").due == date(2017, 4, 20)
    assert "超期" in desk.words("/opinions?overdue=1")
    desk.post(f"{page}/answer", result="resolved", on="2017-04-18")
    assert not town.opinion("门口的路坏了").closed
    desk.post(
        f"{page}/answer",
        result="resolved",
        on="2017-04-18",
        replied_on="2017-04-19",
        satisfaction="satisfied",
        details="已补好路面",
    )
    closed = town.opinion("门口的路坏了")
    assert (closed.closed, closed.replied_on, closed.satisfaction) == (True, date(2017, 4, 19), "satisfied")
    words = desk.words(page)
    assert "已补好路面" in words
    assert "交办给农业局，时限2017-04-20" in words
    assert [one["numbers"] for one in desk.audited("opinions.answer")] == [["〔2017〕问1号"]] * 2


def test_what_may_not_be_is_refused_and_changes_nothing(town: OpinionTown, office: Office) -> None:
    desk = Desk(office, "supervisor")
    page = f"/opinions/{town.opinion('门口的路坏了').id}"
    desk.post(f"{page}/assign", on="2017-04-10")
    for said, why in (
        ({"result": "returned", "on": "2017-04-11"}, "退回的须写明理由"),
        ({"result": "resolved", "on": "2017-04-09"}, "早于交办日期"),
        ({"result": "resolved", "on": "2017-04-11", "replied_on": "2999-01-01"}, "不能晚于今天"),
        ({"result": "vanished", "on": "2017-04-11"}, "没有这个选项"),
    ):
        assert why in desk.post(f"{page}/answer", 422, **said).text
    assert "早于交办日期" in desk.post(f"{page}/assign", 422, on="2017-04-10", due="2017-04-01").text
    assert "不是建议" in desk.post(f"{page}/adopt", 422, adoption="adopted", on="2017-04-11").text
    assert town.opinion("门口的路坏了").state == "assigned"
    desk.get("/opinions/999", 404)


def test_a_suggestion_is_taken_up(town: OpinionTown, office: Office) -> None:
    desk = Desk(office, "administrator")
    page = f"/opinions/{town.opinion('建议疏通水渠').id}"
    desk.post(f"{page}/adopt", adoption="partly", on="2017-04-20")
    assert "部分采纳，2017-04-20反馈" in desk.words(page)


def test_repeated_ones_are_merged_and_keep_their_sources(town: OpinionTown, office: Office) -> None:
    town.returns("H5", {"visit_date": "2017-04-11", **opinion(1, "problem", "roads", "路灯不亮！", "town")})
    desk = Desk(office, "supervisor")
    lead, other = town.opinion("路灯不亮"), town.opinion("路灯不亮！")
    assert "相同意见1组" in desk.words("/opinions")
    assert "路灯不亮！" in desk.words("/opinions/repeats")
    desk.post("/opinions/merge", chosen=[lead.id, other.id])
    assert town.opinion("路灯不亮！").into == lead.id
    words = desk.words(f"/opinions/{lead.id}")
    assert f"并入这一件的{other.number}" in words
    assert "没有同村、同类、同内容的" in desk.words("/opinions/repeats")
    assert "至少选两件" in desk.post("/opinions/merge", 422, chosen=[lead.id]).text
    housing = town.opinion("政策不明")
    desk.post(f"/opinions/{housing.id}/into", lead=lead.number)
    assert town.opinion("政策不明").into == lead.id
    desk.post(f"/opinions/{housing.id}/part")
    assert town.opinion("政策不明").into is None


def test_ones_in_similar_words_are_merged_or_kept_apart(town: OpinionTown, office: Office) -> None:
    words = "河边垃圾堆了很久没有人清运"
    town.returns("H5", {"visit_date": "2017-04-11", **opinion(1, "problem", "roads", words, "town")})
    more = {"visit_date": "2017-04-11", **opinion(2, "problem", "roads", f"{words}过", "town")}
    town.returns("H3", more)
    desk = Desk(office, "supervisor")
    assert f"{words}过" in desk.words("/opinions/repeats")
    one, other = town.opinion(words), town.opinion(f"{words}过")
    desk.post("/opinions/distinct", chosen=[one.id, other.id])
    assert "没有说法相近的" in desk.words("/opinions/repeats")
    assert "不是同一件" in desk.words(f"/opinions/{min(one.id, other.id)}")


def test_a_unit_sees_and_answers_what_was_handed_to_it(town: OpinionTown, office: Office) -> None:
    office_desk, unit = Desk(office, "supervisor"), Desk(office, "unit", "U2")
    mine, other = town.opinion("门口的路坏了"), town.opinion("路灯不亮")
    assert "还没有交办给本单位的事项" in unit.words("/opinions")
    office_desk.post(f"/opinions/{mine.id}/assign", unit="U2", on="2017-04-10")
    assert "门口的路坏了" in unit.words("/opinions")
    assert "路灯不亮" not in unit.words("/opinions")
    assert "王小明" not in unit.words(f"/opinions/{mine.id}?names=1")
    unit.post(f"/opinions/{mine.id}/answer", result="resolved", on="2017-04-12", replied_on="2017-04-12")
    assert town.opinion("门口的路坏了").closed
    unit.get(f"/opinions/{other.id}", 404)
    unit.post(f"/opinions/{other.id}/answer", 404, result="resolved", on="2017-04-12")
    unit.post(f"/opinions/{other.id}/assign", 403, unit="U2", on="2017-04-10")


def test_roles_and_names(town: OpinionTown, office: Office) -> None:
    page = f"/opinions/{town.opinion('门口的路坏了').id}"
    for role, scope in (("keyer", ""), ("inspection", ""), ("cadre", "C1")):
        desk = Desk(office, role, scope)
        desk.get("/opinions", 403)
        desk.get(page, 403)
    desk = Desk(office, "supervisor")
    assert "王小明" not in desk.words(page)
    assert "王小明" in desk.words(f"{page}?names=1")
    assert [one["names"] for one in desk.audited("view.opinion")] == [True, False]
