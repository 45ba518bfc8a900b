"""What the Pulumi CLI's host of our providers loads: it does so in each run, before the program begins."""

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def provider_modules() -> list[str]:
    """Name the modules with a dynamic resource, which is declared with the module and the name of its type."""
    return [
        ".".join(file.relative_to(ROOT).with_suffix("").parts)
        for file in sorted((ROOT / "infra").rglob("*.py"))
        if any(
            isinstance(node, ast.ClassDef) and {"module", "name"} <= {keyword.arg for keyword in node.keywords}
            for node in ast.parse(file.read_text()).body
        )
    ]


def test_a_provider_needs_no_settings() -> None:
    """A provider is given what it needs."""
    modules = provider_modules()
    assert {"infra.backends.local.provider", "infra.password", "infra.sinks.dotenv"} <= set(modules)
    script = f"import sys, {', '.join(modules)}; print(*(name for name in sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    assert "infra.settings" not in loaded.stdout.split()
