"""`autoresearch mcp`, driven by the real client over standard input and output."""

import asyncio
import json
import sys

import pytest

from tests.e2e.conftest import DOOR, Program


client_of = pytest.importorskip("mcp.client", reason="the extra mcp is not installed")
stdio = pytest.importorskip("mcp.client.stdio", reason="the extra mcp is not installed")

TOOLS = {
    *("status", "history", "experiments", "show", "diff", "wait"),
    *("propose", "answer", "approve", "veto", "note", "pause", "unpause", "stop", "start", "resume"),
    "idea",
    "ideas",
}


def test_a_client_looks_and_steers(program: Program):
    """Each tool returns the object of its command; a refused one is an error with the way out, and no end."""
    program("start", "--only", "setup,baseline", "--no-background-train")

    async def drive() -> None:
        offered = stdio.StdioServerParameters(
            command=sys.executable,
            args=[str(DOOR), "mcp", "--repo", str(program.repo)],
            env=program.env,
        )
        async with client_of.Client(offered, read_timeout_seconds=120) as client:

            async def call(tool: str, **given) -> dict:
                answered = await client.call_tool(tool, given)
                assert not answered.is_error, answered
                return answered.structured_content

            listed = (await client.list_tools()).tools
            assert TOOLS == {one.name for one in listed}
            assert {"status", "history", "experiments", "ideas", "show", "diff", "wait"} == {
                one.name for one in listed if one.annotations.read_only_hint
            }
            assert ("autoresearch.status/1", "done") == _of(await call("status"), "schema", "phase")
            assert "RunStopped" == (await call("history", last=1))["events"][0]["type"]
            proposal = {"description": "wider", "change_plan": "p", "commit_description": "c"}
            fits = await call("propose", proposal=proposal | {"set": {"WIDTH": 16}}, check=True)
            assert fits["fits"]
            waits = await call("propose", proposal=proposal | {"set": {"WIDTH": 16}})
            assert ("autoresearch.propose/1", 1) == _of(waits, "schema", "place")
            assert "-- no option" == (await call("note", text="-- no option"))["text"]
            added = [await call("idea", add="later", key="once") for _ in range(2)]
            assert [(1, False), (1, True)] == [_of(one, "changed", "known") for one in added]
            assert ["later"] == [one["text"] for one in (await call("ideas"))["ideas"]]
            refused = await client.call_tool("unpause", {})
            assert (True, True) == (refused.is_error, "is not paused" in refused.content[0].text)
            asked = await call("resume", loops=1)
            assert ("autoresearch.resume/1", 1) == _of(asked, "schema", "loops")
            assert "keep" == (await call("wait", wanted="keep", timeout_s=100, since=asked["seq"]))["what"]
            assert "end" == (await call("wait", wanted="end", timeout_s=100))["what"]
            assert "+WIDTH = 16" in (await call("diff", number=1))["diff"]
            assert 1 == (await call("show", number=1))["iteration"]
            assert {"", "/history", "/report"} == {
                one.uri_template.partition("{run_id}")[2]
                for one in (await client.list_resource_templates()).resource_templates
            }

            async def read(uri: str) -> str:
                (found,) = (await client.read_resource(uri)).contents
                return found.text

            (run,) = json.loads(await read("autoresearch://runs"))["runs"]
            about = f"autoresearch://runs/{run['run_id']}"
            assert "done" == json.loads(await read(about))["phase"]
            assert "RunStarted" == json.loads((await read(f"{about}/history")).splitlines()[0])["type"]
            assert "wider" in await read(f"{about}/report")
            assert [0, 1] == [one["iteration"] for one in (await call("experiments"))["experiments"]]

    asyncio.run(drive())


def _of(told: dict, *names: str) -> tuple:
    return tuple(told[name] for name in names)
