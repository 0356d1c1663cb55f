"""What deploy/ wires together exists: each variable in the settings, each port and path in the API."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from baize.api.app import create_app
from baize.api.auth import check_binding
from baize.settings import Settings, load
from tests.unit.api.library import settings

DEPLOY = Path(__file__).parents[2] / "deploy"
INTERPOLATED = re.compile(r"\$\{(\w+):([?-])[^}]*\}")


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    return found


def kubernetes(kind: str) -> dict[str, dict[str, Any]]:
    documents = yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text("utf-8"))
    return {one["metadata"]["name"]: one for one in documents if one["kind"] == kind}


def settings_of(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    """As `baize serve` would read them; a variable that sets nothing is refused there."""
    for name, value in environment.items():
        monkeypatch.setenv(name, INTERPOLATED.sub("value", value))
    monkeypatch.chdir(tmp_path)
    return load()


def routes() -> set[str]:
    return set(create_app(settings()).openapi()["paths"])


@pytest.mark.parametrize("service", ["api", "worker"])
def test_compose_sets_what_there_is_to_set(
    service: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each variable is a setting, and the hosts in it are services of the file, on their ports."""
    wanted = compose()["services"]
    chosen = settings_of(wanted[service]["environment"], monkeypatch, tmp_path)
    check_binding(chosen)
    assert chosen.index.kind == "qdrant"
    assert chosen.server.require_key
    hosts = {"postgres": "5432", "redis": "6379", "qdrant": "6333"}
    for url in (chosen.database_url, chosen.redis_url, chosen.index.url):
        found = re.search(r"(?:@|//)(\w+):(\d+)", url.replace("baize:value", ""))
        assert found is not None
        assert hosts[found[1]] == found[2]
        assert found[1] in wanted
    assert wanted["api"]["deploy"]["replicas"] == 2
    assert wanted["api"]["expose"] == [str(chosen.server.port)]
    grace_s = int(wanted["api"]["stop_grace_period"].removesuffix("s"))
    assert grace_s > chosen.server.drain_s + 3


def test_compose_mounts_what_it_declares() -> None:
    """No volume is named that is not declared, and none is declared for nothing."""
    document = compose()
    used = {
        mount.split(":")[0]
        for service in document["services"].values()
        for mount in service.get("volumes", ())
        if not mount.startswith(".")
    }
    assert used == set(document["volumes"])
    assert (DEPLOY / "nginx.conf").is_file()
    assert (DEPLOY / "Dockerfile").is_file()


def test_compose_probes_a_path_that_there_is() -> None:
    """And on the server's port."""
    probe = compose()["services"]["api"]["healthcheck"]["test"][-1]
    found = re.search(r"127\.0\.0\.1:(\d+)(/\w+)", probe)
    assert found is not None
    assert (int(found[1]), found[2]) == (Settings().server.port, "/livez")
    assert found[2] in routes()


def test_nginx_passes_on_what_there_is() -> None:
    """To the service and port of the file, streams unbuffered; metrics stay inside."""
    text = (DEPLOY / "nginx.conf").read_text("utf-8")
    assert "server api:8420;" in text
    locations = [re.compile(one) for one in re.findall(r"location ~ (\S+) \{", text)]
    public = {path for path in routes() if path != "/metrics"}
    assert {path for path in public if not any(one.search(path) for one in locations)} == set()
    assert any(one.search("/mcp") for one in locations)
    assert not any(one.search("/metrics") for one in locations)
    shipped = (DEPLOY.parent / "docs" / "nginx.conf").read_text("utf-8")
    for line in re.findall(r"^ +(proxy_(?!pass )\S+ .*;)$", shipped, re.MULTILINE):
        assert line in text
    ports = compose()["services"]["nginx"]["ports"]
    assert ports == ["8080:8080"]
    assert "listen 8080;" in text


def test_kubernetes_sets_what_there_is_to_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Likewise; probes, ports and the scraper name paths and ports of the API."""
    paths = routes()
    environment = kubernetes("Secret")["baize"]["stringData"] | kubernetes("ConfigMap")["baize"]["data"]
    chosen = settings_of(environment, monkeypatch, tmp_path)
    check_binding(chosen)
    api = kubernetes("Deployment")["api"]["spec"]
    assert api["replicas"] == 2
    template = api["template"]
    (container,) = template["spec"]["containers"]
    assert container["ports"] == [{"name": "http", "containerPort": chosen.server.port}]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"]["port"] == chosen.server.port
        assert container[probe]["httpGet"]["path"] in paths
    scrape = template["metadata"]["annotations"]
    assert scrape["prometheus.io/path"] in paths
    assert scrape["prometheus.io/port"] == str(chosen.server.port)
    assert template["spec"]["terminationGracePeriodSeconds"] > chosen.server.drain_s + 3
    assert kubernetes("Service")["api"]["spec"]["ports"][0]["targetPort"] == chosen.server.port


def test_kubernetes_mounts_what_it_claims() -> None:
    """Volumes, claims, secrets and labels of one pod fit together."""
    claims = kubernetes("PersistentVolumeClaim")
    for deployment in kubernetes("Deployment").values():
        pod = deployment["spec"]["template"]
        labels = pod["metadata"]["labels"].items()
        assert deployment["spec"]["selector"]["matchLabels"].items() <= labels
        volumes = {one["name"] for one in pod["spec"]["volumes"]}
        for volume in pod["spec"]["volumes"]:
            claim = volume.get("persistentVolumeClaim")
            assert claim is None or claim["claimName"] in claims
        for container in pod["spec"]["containers"]:
            assert {one["name"] for one in container["volumeMounts"]} == volumes
            assert container["command"][0] == "baize"
