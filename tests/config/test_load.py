"""Layers of configuration: who wins, where a value came from, and what is said of one that cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from samyama.config import ConfigError, load

MEMBERS = [
    {"id": i, "peer": f"127.0.0.1:{i}1", "bolt": f"127.0.0.1:{i}2", "http": f"127.0.0.1:{i}3"}
    for i in (1, 2, 3)
]


def write(path: Path, text: str) -> Path:
    file = path / "samyama.toml"
    file.write_text(text, "utf-8")
    return file


def test_later_layers_win_and_every_value_knows_its_origin(tmp_path: Path) -> None:
    file = write(tmp_path, '[raft]\nheartbeat_interval_ms = 60\n[log]\nlevel = "warn"\n')
    environment = {"SAMYAMA_LOG__LEVEL": "debug", "SAMYAMA_NODE__ID": "7", "PATH": "x"}
    loaded = load(file, environment, {"node.id": 8, "listen.bolt": None})
    assert (loaded.settings.raft.heartbeat_interval_ms, loaded.settings.log.level) == (60, "debug")
    assert loaded.settings.node.id == 8
    assert loaded.origins["raft.heartbeat_interval_ms"] == str(file)
    assert loaded.origins["log.level"] == "SAMYAMA_LOG__LEVEL"
    assert loaded.origins["node.id"] == "command line"
    assert loaded.origins["listen.bolt"] == "default"


def test_texts_of_variables_become_values_of_their_keys() -> None:
    environment = {
        "SAMYAMA_STORAGE__FSYNC": "false",
        "SAMYAMA_NODE__DATA_DIRECTORY": "123",
        "SAMYAMA_CLUSTER__DIAL": '{"2" = "127.0.0.1:9"}',
        "SAMYAMA_LOAD__CSV_WEB_ALLOWED": '["http://h/"]',
    }
    settings = load(None, environment).settings
    assert settings.storage.fsync is False
    assert settings.node.data_directory == "123"
    assert settings.cluster.dial == {"2": "127.0.0.1:9"}
    assert settings.load.csv_web_allowed == ("http://h/",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[raft]\nheartbeat_intervall_ms = 1", "did you mean `raft.heartbeat_interval_ms`?"),
        ("[rafd]\nx = 1", "no section `rafd`; did you mean `raft`?"),
        ("[zzz]\nx = 1", "no section `zzz`; there are node, listen"),
        ("id = 1", "`id` stands outside a section"),
        ("[node]\nid = 'one'", "node.id: Expected `int`, got `str` (set by "),
        ("[node]\nid = 0", "node.id: Expected `int` >= 1"),
        ("[listen]\nbolt = 'nowhere'", "listen.bolt: "),
        ("[listen]\nbolt = '127.0.0.1:70000'", "listen.bolt: port 70000 is above 65535"),
        ("[listen]\nbolt = '0.0.0.0:7687'", "set listen.insecure = true if that is meant"),
        ("[log]\nlevel = 'loud'", "log.level: "),
        ("[raft]\nelection_timeout_ms_min = 300", "must be below raft.election_timeout_ms_max"),
        ("[raft]\nheartbeat_interval_ms = 100", "at most half of raft.election_timeout_ms_min"),
        ("[limits]\ncommit_timeout_ms = 300", "must be above raft.election_timeout_ms_max"),
        ("[load]\ncsv_web_allowed = ['data.example.org']", "is not scheme, host and path"),
        ("[load]\ncsv_web_allowed = ['ftp://h/']", "is not scheme, host and path"),
        ("[load]\ncsv_web_allowed = ['http://me:x@h/']", "is not scheme, host and path"),
        ("[load]\ncsv_web_allowed = 'http://h/'", "load.csv_web_allowed: Expected `array`"),
        ("[node\n", "not valid TOML"),
        ("[listen]\nbolt = 'here'", "listen.bolt: write HOST:PORT (set by"),
        ("[advertise]\nbolt = 'here'", "advertise.bolt: write HOST:PORT (set by"),
        ("[advertise]\nhttp = 'h:99999'", "advertise.http: port 99999 is above 65535"),
        ("[reads]\nlevel = 'fast'", "reads.level: write linearizable or bookmark or stale (set by"),
        ("[listen]\nhttp = '127.0.0.1:7687'", "listen.bolt is the same; every listener has a port"),
        ("[cluster]\njoin = ['here']", "cluster.join: write HOST:PORT"),
        ("[cluster]\njoin = ['h:99999']", "cluster.join: port 99999 is above 65535"),
        ("[cluster]\nid = 'xx'", "cluster.id: `xx` is no cluster's id"),
        ("[cluster]\ndial = {x = 'h:1'}", "cluster.dial: `x` is no node id"),
        ("[cluster]\ndial = {2 = 'here'}", "cluster.dial: write HOST:PORT"),
        (
            "[limits]\nmessage_bytes_max = 99999999999999999999",
            "limits.message_bytes_max: 99999999",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_key_and_origin(
    tmp_path: Path, text: str, said: str
) -> None:
    file = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load(file, {})
    assert said in str(caught.value)


def test_a_wrong_variable_is_named() -> None:
    with pytest.raises(ConfigError, match=r"SAMYAMA_LISTEN__BLOT: no key .* `listen.bolt`\?"):
        load(None, {"SAMYAMA_LISTEN__BLOT": "x"})


def test_a_file_that_is_not_there_is_named_unless_it_is_the_usual_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigError, match=r"nothing\.toml: cannot be read"):
        load(tmp_path / "nothing.toml", {})
    monkeypatch.chdir(tmp_path)
    assert load(None, {}).settings.node.id == 1


@pytest.mark.parametrize(
    ("members", "said"),
    [
        (MEMBERS[:2], "2 members; a cluster has 1, 3, 5 or 7"),
        ([MEMBERS[0], MEMBERS[0], MEMBERS[1]], "an id stands twice"),
        ([MEMBERS[0], MEMBERS[1], {**MEMBERS[2], "peer": MEMBERS[0]["peer"]}], "two members have"),
        ([{**m, "id": int(str(m["id"])) + 5} for m in MEMBERS], "node's id 1 (node.id) is not in"),
        ([{**MEMBERS[0], "prot": 1}, *MEMBERS[1:]], "cluster.members: "),
        ([{"id": 1}, *MEMBERS[1:]], "cluster.members: "),
    ],
)
def test_a_member_list_that_cannot_be_is_refused(members: list[object], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(None, {}, {"cluster.members": members})
    assert said in str(caught.value)
