"""A Debian of its own, in namespaces: first only a root to install in, then with systemd as its first process.

No container engine is needed, only root. Everything a machine runs is gone with the process that made it, also when that
is killed; its network, host name and processes are its own, so that several can be there at once.
"""
import ctypes
import glob
import json
import os
import pathlib
import shutil
import signal
import subprocess
import time

CACHE = pathlib.Path(os.environ.get("GUIDEPOST_CACHE", pathlib.Path.home() / ".cache" / "guidepost"))
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# What says where Debian is fetched from on this machine, and how.
NETWORK = ["/etc/apt/sources.list", "/etc/apt/sources.list.d", "/etc/resolv.conf", "/usr/local/share/ca-certificates",
           *(path for path in glob.glob("/etc/apt/apt.conf.d/*") if "Acquire::" in pathlib.Path(path).read_text())]
NAMESPACES = ["--mount", "--pid", "--fork", "--kill-child", "--cgroup", "--uts", "--ipc", "--net"]

# $1: the root. Mounts what a first process expects, and becomes it.
BOOT = """
root=$1
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for node in null zero full random urandom tty; do touch "$root/dev/$node" && mount --bind "/dev/$node" "$root/dev/$node"; done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
mount -t tmpfs tmpfs "$root/dev/shm"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
cd "$root"
mkdir -p .old
pivot_root . .old
umount -l .old
rmdir .old
mount --make-rshared /  # as on a real machine: credentials are mounted elsewhere and have to appear here
exec env -i container=test PATH="$PATH" /sbin/init
"""

# $1: the root; the rest is run in it.
INSIDE = """
root=$1
shift
mount --bind "$root" "$root"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
exec chroot "$root" "$@"
"""

HTTP = """
import sys, urllib.request, urllib.error
body = sys.stdin.buffer.read()
try:
    answer = urllib.request.urlopen(urllib.request.Request(sys.argv[1], data=body or None), timeout=20)
except urllib.error.HTTPError as refused:
    answer = refused
sys.stdout.write(str(answer.status) + "\\n" + answer.read().decode())
"""


class Failed(Exception):
    pass


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def environment():
    kept = {k: v for k, v in os.environ.items() if any(word in k.upper() for word in ("CERT", "CA_BUNDLE", "PROXY"))}
    return {"PATH": PATH, "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive", **kept}


def base_root():
    """A bookworm, variant minbase with systemd, as an archive; made once."""
    archive = CACHE / "package-root" / "bookworm.tar"
    if archive.exists():
        return archive
    archive.parent.mkdir(parents=True, exist_ok=True)
    folder = pathlib.Path(f"{archive}.{os.getpid()}")
    mirror = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Codename: bookworm",
                             "Component: main"], check=True, capture_output=True, text=True).stdout.split()[0]
    try:
        done = subprocess.run(["debootstrap", "--variant=minbase", "--include=systemd,systemd-sysv", "bookworm", folder, mirror],
                              capture_output=True, text=True)
        if done.returncode:
            raise Failed(f"debootstrap: {done.stdout[-2000:]}{done.stderr[-1000:]}")
        subprocess.run(["tar", "-C", folder, "--exclude=./dev/*", "-cf", f"{folder}.tar", "."], check=True)
        os.rename(f"{folder}.tar", archive)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return archive


def control_groups():
    """Where the unified hierarchy of control groups is mounted; None: nowhere."""
    for line in pathlib.Path("/proc/self/mounts").read_text().splitlines():
        _, folder, kind, *_ = line.split()
        if kind == "cgroup2":
            return pathlib.Path(folder)
    return None


def lacks():
    """What this one lacks to have another machine in it; None: nothing."""
    if os.geteuid() != 0:
        return "it needs root, for namespaces"
    if control_groups() is None:
        return "no cgroup2 file system is mounted here, which systemd needs"
    if not os.access(control_groups(), os.W_OK):
        return "no control group can be made here"
    tried = subprocess.run(["unshare", *NAMESPACES, "mount", "--make-rprivate", "/"], capture_output=True, text=True)
    return f"namespaces cannot be made here: {tried.stderr.strip()}" if tried.returncode else None


class Machine:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.root = self.folder / "root"
        self.group = control_groups() / f"guidepost-{os.getpid()}-{self.folder.name}"
        self.outer = None
        archive = base_root()
        self.root.mkdir()
        subprocess.run(["tar", "-C", self.root, "-xf", archive], check=True)
        for path in map(pathlib.Path, NETWORK):
            target = self.root / str(path)[1:]
            if path.is_dir():
                shutil.rmtree(target, ignore_errors=True)
                shutil.copytree(path, target)
            elif path.exists():
                shutil.copyfile(path, target)
            else:
                target.unlink(missing_ok=True)

    def inside(self, *words, check=True):
        """Runs a command in the root, before systemd runs there: its output."""
        return self._done(["unshare", "--mount", "--pid", "--fork", "--kill-child", "--", "bash", "-euc", INSIDE, "-", self.root, *words], check)

    def boot(self, deadline=60):
        self.group.mkdir()

        def enter():
            die_with_parent()
            (self.group / "cgroup.procs").write_text(str(os.getpid()))

        self.outer = subprocess.Popen(["unshare", *NAMESPACES, "--",
                                       "bash", "-euc", BOOT, "-", self.root], env={"PATH": PATH}, preexec_fn=enter,
                                      stdin=subprocess.DEVNULL, stdout=open(self.folder / "boot.log", "wb"), stderr=subprocess.STDOUT)
        eventually("systemd to run", lambda: self._first() and self.run("systemctl", "is-system-running", check=False).strip() == "running",
                   deadline)

    def _first(self):
        """The first process of the machine as this one sees it."""
        if self.outer.poll() is not None:
            raise Failed(f"the machine ended: {(self.folder / 'boot.log').read_text()[-2000:]}")
        children = pathlib.Path(f"/proc/{self.outer.pid}/task/{self.outer.pid}/children").read_text().split()
        if children and pathlib.Path(f"/proc/{children[0]}/comm").read_text().strip() == "systemd":
            return children[0]
        return None

    def run(self, *words, check=True):
        """Runs a command beside the services: its output."""
        return self._done(["nsenter", "--target", self._first(), "--all", "--", *words], check)

    def http(self, url, body=None):
        """Status and body of an answer, asked from within the machine's network."""
        said = self._done(["nsenter", "--target", self._first(), "--net", "--", "python3", "-c", HTTP, url], True, (body or "").encode())
        status, _, text = said.partition("\n")
        return int(status), text

    def journal(self, unit):
        """The entries of a unit, as dictionaries."""
        lines = self.run("journalctl", "--quiet", "--unit", unit, "--output", "json", "--no-pager").splitlines()
        return [json.loads(line) for line in lines]

    def show(self, unit, *properties):
        """The values of a unit's properties, by name."""
        said = self.run("systemctl", "show", unit, "--property", ",".join(properties))
        return dict(line.split("=", 1) for line in said.splitlines())

    def write(self, path, text, mode=0o644):
        target = self.root / path[1:]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        target.chmod(mode)

    def read(self, path):
        return (self.root / path[1:]).read_text()

    def end(self):
        if self.outer and self.outer.poll() is None:
            self.outer.kill()  # and with it the first process, and so all of them
        if self.outer:
            self.outer.wait()
        if self.group.exists():
            (self.group / "cgroup.kill").write_text("1")
            eventually("the machine's processes to be gone", lambda: "populated 0" in (self.group / "cgroup.events").read_text(), 30)
            for folder, _, _ in os.walk(self.group, topdown=False):
                os.rmdir(folder)

    def _done(self, words, check, input=b""):
        done = subprocess.run(list(map(str, words)), env=environment(), input=input, capture_output=True, timeout=600)
        said = done.stdout.decode(errors="replace")
        if check and done.returncode:
            raise Failed(f"{' '.join(map(str, words[-6:]))} ended with {done.returncode}: {said[-3000:]}{done.stderr.decode(errors='replace')[-3000:]}")
        return said if check else said + done.stderr.decode(errors="replace")


def eventually(what, condition, deadline=30):
    end = time.monotonic() + deadline
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise Failed(f"waited {deadline} s for {what}")
        time.sleep(0.05)
