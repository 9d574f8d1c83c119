"""The toolchains: what each needs, how it generates and compiles a client, how that one runs."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tests.interop.signatures import Spelling, cpp, csharp, java, php, zeep

CLIENTS = Path(__file__).parent / "clients"
_STEP_SECONDS = 300
_NICE = ("nice", "-n", "10")


class StepFailed(Exception):
    """A command that a toolchain needs did not do its work."""


@dataclass(frozen=True, kw_only=True)
class Toolchain:
    """One toolchain.

    Commands are for a shell, in a folder of its own; $WSDL is the WSDL's URL, $CLIENTS the folder
    of client programs, $PYTHON this Python.
    """

    name: str
    title: str
    packages: tuple[str, ...] = ()
    """Debian packages, the one whose version counts first."""
    distribution: str = ""
    """What Python knows it as, where it is no Debian package."""
    generate: tuple[str, ...]
    code: str
    """Generated code, as a pattern of file names."""
    spelling: Spelling
    compile: tuple[str, ...] = ()
    run: str = ""
    soap: str = "1.1"
    """The version of SOAP that its client speaks; each has a WSDL of its own."""
    unfit: str = ""
    """Why the toolchain itself cannot serve; then it must fail, or the reason is out of date."""


_JAXWS = "/usr/share/java/jaxws-rt.jar"
_GSOAP = "/usr/share/gsoap"
_WSSE = " ".join(
    f"{_GSOAP}/{source}.c"
    for source in (
        "plugin/wsseapi",
        "plugin/smdevp",
        "plugin/mecevp",
        "plugin/threads",
        "custom/struct_timeval",
    )
)

WSDL_QUERIES = {"1.1": "wsdl", "1.2": "wsdl12"}
"""What the bridge is asked for, for the WSDL of each version of SOAP."""

_ALL = (
    Toolchain(
        name="jaxws",
        title="JAX-WS RI",
        packages=("jaxws", "default-jdk-headless"),
        generate=('wsimport -quiet -Xnocompile -s . -d . -p erpbridge "$WSDL"',),
        code="erpbridge/*.java",
        spelling=java,
        compile=(
            f"javac -encoding UTF-8 -nowarn -cp {_JAXWS} -d classes erpbridge/*.java"
            " $CLIENTS/jaxws/*.java",
        ),
        run=f"java -Dfile.encoding=UTF-8 -cp classes:{_JAXWS} Client",
    ),
    Toolchain(
        name="dotnet",
        title=".NET wsdl.exe",
        packages=("mono-devel",),
        generate=('wsdl -nologo -out:Proxy.cs "$WSDL"',),
        code="Proxy.cs",
        spelling=csharp,
        compile=(
            # A header that the WSDL does not name is declared by hand, before each method.
            r"sed -i '/SoapDocumentMethodAttribute(/i"
            r" [System.Web.Services.Protocols.SoapHeader(\"Security\")]' Proxy.cs",
            "mcs -nologo -codepage:utf8 -r:System.Web.Services -out:Client.exe Proxy.cs"
            " $CLIENTS/dotnet/*.cs",
        ),
        run="mono Client.exe",
    ),
    Toolchain(
        name="svcutil",
        title=".NET svcutil",
        packages=("mono-devel",),
        generate=('svcutil -noLogo -out:Proxy.cs "$WSDL"',),
        code="Proxy.cs",
        spelling=csharp,
        compile=(
            "mcs -nologo -target:library -r:System.ServiceModel -r:System.Runtime.Serialization"
            " -out:Proxy.dll Proxy.cs",
        ),
        unfit=(
            "Mono's svcutil takes DataContract shapes only: of repeated elements it makes code"
            " that names types which it leaves out, and it gives operations each other's arguments;"
            " it has no option for another serializer"
        ),
    ),
    Toolchain(
        name="gsoap",
        title="gSOAP",
        packages=("gsoap", "libgsoap-dev", "libssl-dev", "g++"),
        generate=(
            'wsdl2h -v -o wsdl.h "$WSDL"',
            # gSOAP's WS-Security, which the WSDL does not name
            "(echo '#import \"wsse.h\"'; cat wsdl.h) > bridge.h",
            f"soapcpp2 -j -C -x -I{_GSOAP}/import bridge.h",
        ),
        code="soapStub.h",
        spelling=cpp,
        compile=(
            f"g++ -w -DWITH_OPENSSL -I. -I{_GSOAP} -I{_GSOAP}/plugin -o client"
            f" $CLIENTS/gsoap/client.cpp soap*.cpp -x c++ {_WSSE} -x none"
            " -lgsoapssl++ -lssl -lcrypto",
        ),
        run="./client",
    ),
    Toolchain(
        name="php",
        title="PHP ext-soap",
        packages=("php-cli", "php-soap"),
        generate=('php $CLIENTS/php/describe.php "$WSDL" > types.txt',),
        code="types.txt",
        spelling=php,
        run="php $CLIENTS/php/client.php",
    ),
    Toolchain(
        name="zeep",
        title="zeep",
        distribution="zeep",
        generate=('"$PYTHON" -m zeep "$WSDL" > types.txt',),
        code="types.txt",
        spelling=zeep,
        run='"$PYTHON" $CLIENTS/zeep/client.py',
    ),
)


_BY_SOAP_12 = {
    "jaxws": ('wsimport -quiet -extension -Xnocompile -s . -d . -p erpbridge "$WSDL"',),
    "dotnet": ('wsdl -nologo -protocol:SOAP12 -out:Proxy.cs "$WSDL"',),
    "gsoap": (),
    "php": (),
    "zeep": (),
}
"""The toolchains that speak SOAP 1.2 with the same client, and how they generate it otherwise."""


def _by_soap_12(toolchain: Toolchain) -> Toolchain:
    return replace(
        toolchain,
        name=f"{toolchain.name}12",
        title=f"{toolchain.title}, SOAP 1.2",
        generate=_BY_SOAP_12[toolchain.name] or toolchain.generate,
        soap="1.2",
    )


TOOLCHAINS = (*_ALL, *(_by_soap_12(one) for one in _ALL if one.name in _BY_SOAP_12))


def generate(toolchain: Toolchain, service_url: str, folder: Path) -> str:
    """Generates a client in a new folder; gives the generated code. Raises StepFailed."""
    folder.mkdir()
    wsdl = f"{service_url}?{WSDL_QUERIES[toolchain.soap]}"
    _make(toolchain.generate, folder, {"WSDL": wsdl})
    return "\n".join(path.read_text(encoding="utf-8") for path in folder.glob(toolchain.code))


def compile_client(toolchain: Toolchain, folder: Path) -> None:
    """Compiles our program with the generated code. Raises StepFailed."""
    _make(toolchain.compile, folder, {})


def run_client(
    toolchain: Toolchain, folder: Path, environment: Mapping[str, str]
) -> tuple[str, str]:
    """What the client prints, and its last words on standard error.

    Its exit status is not asked: a client that came to its end prints so. What it printed stays in
    the folder, as facts.txt.
    """
    more = {"ERP_SOAP": toolchain.soap, "ERP_WSDL": WSDL_QUERIES[toolchain.soap]}
    done = _shell(toolchain.run, folder, {**environment, **more})
    (folder / "facts.txt").write_text(done.stdout, encoding="utf-8")
    return done.stdout, _last_words(done)


def _make(commands: tuple[str, ...], folder: Path, environment: Mapping[str, str]) -> None:
    for command in commands:
        done = _shell(command, folder, environment)
        if done.returncode:
            raise StepFailed(f"`{command}`: {_last_words(done)}")


def _shell(
    command: str, folder: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    ours = {
        "CLIENTS": str(CLIENTS),
        "PYTHON": sys.executable,
        "LC_ALL": "C.UTF-8",
        "TZ": "Asia/Kolkata",  # half an hour off, so that a date or time in local time is seen
    }
    try:
        return subprocess.run(
            [*_NICE, "sh", "-c", f"ulimit -c 0; {command}"],
            cwd=folder,
            env={**os.environ, **ours, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_STEP_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise StepFailed(f"`{command}` took more than {_STEP_SECONDS} seconds") from error


def _last_words(done: subprocess.CompletedProcess[str]) -> str:
    """The first error that was printed, or else the last line."""
    lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
    telling = [line for line in lines if "error" in line.lower()] or lines[-1:]
    return telling[0].strip() if telling else f"exit status {done.returncode}"
