"""Checks that are counted, each led by who started the server."""


class Checks:
    def __init__(self, way):
        self.way = way
        self.passed = self.failed = 0

    def __call__(self, name, good, detail=""):
        print(f"ok    {self.way}: {name}" if good else f"FAIL  {self.way}: {name}: {str(detail)[:2000]}", flush=True)
        if good:
            self.passed += 1
        else:
            self.failed += 1
        return good

    def skip(self, name, why):
        print(f"skip  {self.way}: {name}: {why}", flush=True)
