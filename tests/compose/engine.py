"""A Docker to test with: the one that answers, or else one of the test's own; and a base image for what is built."""
import fcntl
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

BASE = "debian:bookworm-slim"
CERTIFICATES = re.compile(r"(^|_)(CERT|CERTS|CA_BUNDLE)(_|$)|(^|_)proxy$", re.IGNORECASE)


class NotRun(Exception):
    """There is no Docker here, and this is why."""


def docker(*words, timeout=600, **options):
    return subprocess.run(["docker", *map(str, words)], capture_output=True, text=True, timeout=timeout, **options)


def answers():
    return docker("version", timeout=20).returncode == 0


class Engine:
    """Sets DOCKER_HOST. Nothing of a daemon of its own is left when this is closed, but for its images, which are the next
    run's cache. It has no bridge and touches no firewall, so that it disturbs no other Docker of this machine: what is built
    uses the machine's own network, and ports are forwarded by a process."""

    def __init__(self, folder):
        self.folder, self.daemon, self.own = pathlib.Path(folder), None, None
        if not shutil.which("docker"):
            raise NotRun("there is no docker (Debian: docker.io, docker-compose)")
        self.folder.mkdir(parents=True, exist_ok=True)
        self.lock = open(self.folder / "lock", "w")
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NotRun(f"another run is at work in {self.folder}") from None
        if not answers():
            self.start()

    def start(self):
        if not shutil.which("dockerd"):
            raise NotRun("no Docker answers, and there is no dockerd to start one with")
        if os.geteuid() != 0:
            raise NotRun("no Docker answers, and only root can start one")
        self.own = pathlib.Path(tempfile.mkdtemp(prefix="guidepost-docker-"))  # short: sockets below it
        os.environ["DOCKER_HOST"] = f"unix://{self.own}/docker.sock"
        words = ["dockerd", "--data-root", self.folder / "docker", "--exec-root", self.own / "exec", "--pidfile", self.own / "pid",
                 "-H", os.environ["DOCKER_HOST"], "--bridge=none", "--iptables=false", "--ip6tables=false", "--shutdown-timeout=10"]
        with open(self.folder / "dockerd.log", "wb") as log:
            # It ends with this process, however that ends.
            self.daemon = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", *map(str, words)], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = time.monotonic() + 60
        while not answers():
            if self.daemon.poll() is not None or time.monotonic() > end:
                said = (self.folder / "dockerd.log").read_text(errors="replace").strip().splitlines()
                self.close()
                raise NotRun(f"dockerd does not start here: {said[-1] if said else 'it said nothing'}")
            time.sleep(0.1)
        # What a run left that was killed.
        for words in ("ps", "-aq"), ("volume", "ls", "-q"), ("network", "ls", "-q", "--filter", "type=custom"):
            left = docker(*words).stdout.split()
            if left:
                docker(*(words[:1] if words[0] != "ps" else ()), "rm", "-f", *left)

    def describe(self):
        shown = docker("info", "--format", "{{.ServerVersion}}, {{.Driver}}, cgroup {{.CgroupVersion}}").stdout.strip()
        return f"Docker {shown}, {'started for this test' if self.daemon else 'the one of this machine'}"

    def close(self):
        if self.daemon and self.daemon.poll() is None:
            self.daemon.terminate()
            try:
                self.daemon.wait(40)
            except subprocess.TimeoutExpired:
                self.daemon.kill()
                self.daemon.wait()
        if self.own:
            # A daemon that was killed leaves its mounts.
            for line in reversed(pathlib.Path("/proc/self/mounts").read_text().splitlines()):
                if line.split(" ")[1].startswith(str(self.own)):
                    subprocess.run(["umount", "-l", line.split(" ")[1]], check=False)
            shutil.rmtree(self.own, ignore_errors=True)
        self.daemon = self.own = None

    def base_image(self):
        """Debian's own where an image registry can be reached; else made of Debian's packages, once, and with this machine's
        certificates, so that what is built from it can reach what this machine reaches."""
        if docker("image", "inspect", BASE).returncode == 0 or docker("pull", "-q", BASE, timeout=300).returncode == 0:
            return BASE
        name = "guidepost-base:bookworm"
        if docker("image", "inspect", name).returncode == 0:
            return name
        if not shutil.which("debootstrap") or os.geteuid() != 0:
            raise NotRun(f"{BASE} cannot be fetched, and it takes root and debootstrap to make one like it")
        root = self.folder / "root"
        shutil.rmtree(root, ignore_errors=True)
        targets = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages", "Origin: Debian"],
                                 check=True, capture_output=True, text=True).stdout.split("\n")
        sources = sorted({line for line in targets if re.fullmatch(r"\S+ bookworm\S* main", line)})
        mirror = next(line.split()[0] for line in sources if line.split()[1] == "bookworm")
        print(f"making a base image of {mirror}", file=sys.stderr, flush=True)
        made = subprocess.run(["debootstrap", "--variant=minbase", "bookworm", str(root), mirror], capture_output=True, text=True)
        if made.returncode:
            raise NotRun(f"debootstrap failed: {made.stdout.strip().splitlines()[-1:]}")
        (root / "etc/apt/sources.list").write_text("".join(f"deb {line}\n" for line in sources))
        for unwanted in "usr/share/doc", "usr/share/man", "usr/share/locale", "var/cache/apt", "var/lib/apt/lists":
            shutil.rmtree(root / unwanted)
            (root / unwanted).mkdir()
        own = pathlib.Path("/usr/local/share/ca-certificates")
        if own.is_dir():
            shutil.copytree(own, root / "usr/local/share/ca-certificates", dirs_exist_ok=True)
        for settings in pathlib.Path("/etc/apt/apt.conf.d").glob("*proxy*"):
            shutil.copy(settings, root / "etc/apt/apt.conf.d")
        kept = [word for key, value in os.environ.items() if CERTIFICATES.search(key) for word in ("-c", f"ENV {key}={value}")]
        archive = subprocess.Popen(["tar", "-C", str(root), "--numeric-owner", "-c", "."], stdout=subprocess.PIPE)
        imported = docker("import", *kept, "-", name, stdin=archive.stdout)
        if archive.wait() or imported.returncode:
            raise NotRun(f"the base image cannot be imported: {imported.stderr.strip()}")
        shutil.rmtree(root)
        return name
