"""How much memory a process takes, as the kernel counts it."""
import pathlib
import threading


def status(pid):
    """Figures of /proc/PID/status in MiB."""
    lines = (line.split() for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
    return {words[0].rstrip(":"): int(words[1]) / 1024 for words in lines if words[-1] == "kB"}


class Peaks:
    """Looks at a running process again and again: its peak of anonymous memory. The kernel keeps only that of all of
    it (VmHWM), which has the program's own pages in it."""

    def __init__(self, process):
        self.process, self.anonymous, self.first = process, 0.0, status(process.pid)
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.look, daemon=True)
        self.thread.start()

    def look(self):
        while not self.over.wait(0.05):
            try:
                self.anonymous = max(self.anonymous, status(self.process.pid)["RssAnon"])
            except (OSError, KeyError):  # it has ended
                return

    def end(self):
        """While the process is still there -> {"anonymous": MiB, "resident": MiB}, the peaks."""
        self.over.set()
        self.thread.join()
        return {"anonymous": round(self.anonymous, 1), "resident": round(status(self.process.pid)["VmHWM"], 1)}
