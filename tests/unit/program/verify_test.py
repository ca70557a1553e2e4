"""`verify` finds every kind of damage that there is a name for (tests/damage/damages.cpp), and shows the rows behind it."""
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
from program import ROOT, ProgramTest

DAMAGE = os.environ.get("GUIDEPOST_DAMAGE", str(ROOT / "build" / "release" / "tests" / "guidepost-damage"))


def damages():
    """[(name, what verify says of it)], as the tool lists them."""
    lines = subprocess.run([DAMAGE], capture_output=True, text=True, check=True).stdout.splitlines()
    return [tuple(line.split("\t")[:2]) for line in lines]


class VerifyTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.assertEqual(self.run_it("generate", "--events", 600, "--seed", 3, "--start", "2026-03-30T20:00:00Z", "--span", "8h").status, 0)

    def damaged(self, name):
        shutil.rmtree(self.folder / "copy", ignore_errors=True)
        shutil.copytree(self.folder / "guidepost-data", self.folder / "copy")
        subprocess.run([DAMAGE, self.folder / "copy", name], check=True)

    def test_every_damage_is_found(self):
        whole = self.run_it("verify")
        self.assertEqual((whole.status, whole.out.splitlines()[-1]), (0, "everything agrees"), whole.out)
        names = damages()
        self.assertGreater(len(names), 15)
        for name, seen in names:
            with self.subTest(name):
                self.damaged(name)
                done = self.run_it("verify", "--data", "copy")
                self.assertEqual(done.status, 1, done.out)
                self.assertIn(seen, done.out)
                self.assertRegex(done.out.splitlines()[-1], r"^[\d,]+ differences$")

    def test_a_copy_that_is_only_written_anew_agrees(self):
        """What finds the damage is not the way in which it was done: two that take each other back leave everything right."""
        self.damaged("chunks")
        subprocess.run([DAMAGE, self.folder / "copy", "chunks"], check=True)
        done = self.run_it("verify", "--data", "copy")
        self.assertEqual(done.status, 0, done.out)

    def test_the_rows_behind_a_difference_are_named_and_can_be_looked_at(self):
        self.damaged("counter")
        said = self.run_it("verify", "--data", "copy").out.splitlines()
        # Sources are numbered in the order in which their partitions are assigned, which is any.
        self.assertRegex(said[0], r"^shop, source \d, 2026-03-\S+, total \(\w+\): events: stored (\d+), recounted (\d+)$")
        self.assertRegex(said[1], r"^  recounted from( \d:\d+)+( and more)?$")
        found = self.run_it("verify", "--data", "copy", "--json").json()
        self.assertEqual(found["differences_total"], 1)
        difference = found["differences"][0]
        self.assertEqual(said[1].split()[2:], difference["rows"] + (["and", "more"] if difference["more_rows"] else []))
        self.assertEqual(difference["more_rows"], difference["recounted"] > len(difference["rows"]))
        for position in difference["rows"]:
            shown = self.run_it("block", "show", position, "--json", "--data", "copy")
            self.assertEqual(shown.status, 0, shown.err)
            outcome = shown.json()["outcomes"][0]
            self.assertEqual((outcome["outcome"], outcome["time"][:10]), ("accepted", difference["time"][:10]), outcome)

    def test_the_last_hours_are_short_for_their_beginning(self):
        self.assertEqual(self.run_it("generate", "--events", 200, "--span", "5h").status, 0)
        last = self.run_it("verify", "--last", "2h", "--json").json()
        everything = self.run_it("verify", "--json").json()
        self.assertTrue(last["agrees"])
        self.assertGreater(last["rows"], 0)
        self.assertLess(last["rows"], 200)
        self.assertGreater(everything["rows"], 700)
        for words, expected in ((("--last", "2h", "--from", "2026-03-30"), "only one of them"), (("--last", "soon"), "--last")):
            done = self.run_it("verify", *words)
            self.assertEqual(done.status, 2, done.out)
            self.assertIn(expected, done.err)

    def test_nothing_to_recount_is_not_called_agreement(self):
        done = self.run_it("verify", "--merchant", "shp")
        self.assertEqual((done.status, done.out), (1, ""))
        self.assertIn("there is no merchant shp", done.err)
        done = self.run_it("verify", "--merchant", "shop", "--from", "2026-01-01", "--to", "2026-01-02")
        self.assertEqual((done.status, done.out.splitlines()[-1]), (0, "there was nothing to recount"))
        done = self.run_it("verify", "--from", "2026-01-02", "--to", "2026-01-01")
        self.assertEqual(done.status, 2)
        self.assertIn("after --from", done.err)


if __name__ == "__main__":
    unittest.main()
