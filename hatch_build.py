"""Compiles the core with mypyc: the same Python files, twice as fast.

Nothing needs it: without compiled modules Python runs the sources. So it is done where there is a C
compiler and left out, with a word, where there is none. `RAPPORT_COMPILE=no` leaves it out,
`RAPPORT_COMPILE=yes` insists on it. So does `RAPPORT_COMPILE=profile`, which compiles twice: the
first time to count what a run of `TRAINING` does (needs GCC, and what we depend on). Decision 85.

`python hatch_build.py` compiles beside the sources (`make setup` does), `hatch_build.py bench` the
job of the benchmark (`make bench` does); a wheel is built through `CompileHook`. See decision 55.
"""

from __future__ import annotations

import copy
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

if TYPE_CHECKING:
    from setuptools import Extension

ROOT: Final = Path(__file__).parent
PACKAGE: Final = "stream_app"
BESIDES_DOMAIN: Final = (
    "adapters/accounts.py",
    "adapters/bluesky.py",
    "adapters/fields.py",
    "adapters/registry.py",
    "adapters/times.py",
    "contracts/panes.py",
    "contracts/partitioner.py",
    "contracts/reading.py",
    "contracts/state.py",
    "contracts/times.py",
    "contracts/touched.py",
    "contracts/writing.py",
    "edge/job.py",
    "edge/outputs.py",
    "engine/index.py",
    "engine/private_producer.py",
    "engine/unit.py",
    "engine/wire.py",
    "replay.py",
)
"""Hot modules of other layers, one a line: the Makefile reads them here."""
BENCH: Final = ROOT / "bench" / "small_job.py"
"""The job of the benchmark, compiled as ours are: those of its peers are, too."""

TRAINING: Final = "stream_app.demo.training"
"""The module that does what is to be fast, for a compiler that counts."""
_ALWAYS: Final = ("-fvisibility=hidden",)  # calls among our own functions need no table then
_COUNT: Final = (*_ALWAYS, "-fprofile-generate")
_USE: Final = (*_ALWAYS, "-fprofile-use", "-fprofile-partial-training", "-Wno-missing-profile")


def sources() -> list[Path]:
    """What is compiled: the domain, but for the modules that define msgspec types.

    Such a type is made by msgspec from its annotations; mypyc would make another class of it.
    """
    domain = sorted((ROOT / PACKAGE / "domain").glob("[a-z]*.py"))
    hot = [path for path in domain if "msgspec.Struct" not in path.read_text("utf-8")]
    return [*hot, *(ROOT / PACKAGE / name for name in BESIDES_DOMAIN)]


def compiled(package: str = PACKAGE) -> Iterator[Path]:
    """The compiled modules that lie beside the sources."""
    yield from ROOT.glob(f"{package}__mypyc*.so")
    yield from (ROOT / package).rglob("*.so")


def compile_into(
    folder: Path, package: str, modules: Sequence[Path], *, profile: bool = False
) -> None:
    """Compile to `folder`, as deep as in the project. Raises what the compilers raise."""
    from mypyc.build import mypycify

    os.chdir(ROOT)
    paths = [str(path.relative_to(ROOT)) for path in modules]
    with tempfile.TemporaryDirectory() as scratch:
        made = mypycify(
            paths, opt_level="3", debug_level="0", target_dir=scratch, group_name=package
        )
        if not profile:
            _build(made, folder, scratch, _ALWAYS)
            return
        _build(made, folder, scratch, _COUNT)
        _put_beside_the_sources(folder)
        # pip's isolated builds hide what we depend on, by this.
        seen = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        subprocess.run([sys.executable, "-m", TRAINING], check=True, env=seen)
        _build(made, folder, scratch, _USE)


def _build(made: list[Extension], folder: Path, scratch: str, flags: Sequence[str]) -> None:
    """From C to modules. The counts of a run lie beside its objects, in `scratch`."""
    from setuptools import Distribution
    from setuptools.command.build_ext import build_ext

    made = copy.deepcopy(made)
    for extension in made:
        extension.extra_compile_args = [*extension.extra_compile_args, *flags]
        extension.extra_link_args = [*flags]
    build = build_ext(Distribution({"ext_modules": made}))
    build.build_lib, build.build_temp, build.force = str(folder), scratch, True
    build.ensure_finalized()
    build.run()


def _put_beside_the_sources(folder: Path) -> None:
    for made in folder.rglob("*.so"):
        shutil.copy(made, ROOT / made.relative_to(folder))


def why_not() -> str | None:
    """What is missing for a compilation, or that it is not wanted; None: nothing."""
    if os.environ.get("RAPPORT_COMPILE") == "no":
        return "RAPPORT_COMPILE=no"
    compiler = _compiler()
    if shutil.which(compiler) is None:
        return f"there is no C compiler ({compiler})"
    if not Path(sysconfig.get_paths()["include"], "Python.h").is_file():
        return "Python's header files are missing"
    return None


def _compiler() -> str:
    return str(sysconfig.get_config_var("CC") or "cc").split()[0]


def _profiles(package: str) -> bool:
    """Whether a profile is wanted; raises SystemExit if that compiler makes none."""
    if package != PACKAGE or os.environ.get("RAPPORT_COMPILE") != "profile":
        return False
    told = subprocess.run([_compiler(), "--version"], capture_output=True, text=True).stdout
    if "Free Software Foundation" not in told:
        raise SystemExit("rapport: RAPPORT_COMPILE=profile needs GCC. Do: RAPPORT_COMPILE=yes")
    return True


def compile_in_place(package: str = PACKAGE) -> bool:
    """Compile beside the sources. False if the package stays as it is, which is told."""
    profile = _profiles(package)
    for old in compiled(package):
        old.unlink()
    reason = why_not()
    if reason is None:
        try:
            modules = sources() if package == PACKAGE else [BENCH]
            with tempfile.TemporaryDirectory() as folder:
                compile_into(Path(folder), package, modules, profile=profile)
                _put_beside_the_sources(Path(folder))
            return True
        except (Exception, SystemExit) as error:
            reason = f"the compiler failed: {error}"
            for half_done in compiled(package):
                half_done.unlink()
    if os.environ.get("RAPPORT_COMPILE") in ("yes", "profile"):
        raise SystemExit(f"rapport: {package} cannot be compiled: {reason}")
    sys.stderr.write(f"rapport: {package} is not compiled, only half as fast: {reason}\n")
    return False


class CompileHook(BuildHookInterface[Any]):
    """Puts compiled modules into a wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling; an editable installation takes what lies beside the sources."""
        if version == "editable" or not compile_in_place():
            return
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        for path in compiled():
            name = str(path.relative_to(ROOT))
            build_data["force_include"][name] = name


if __name__ == "__main__":
    compile_in_place(*sys.argv[1:])
