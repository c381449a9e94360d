// A door that an app waits at before it listens, so that a test can look at a deployment for as long as it likes.
import http from "node:http";

export class Hold {
  static async open() {
    const hold = new Hold();
    hold.waiting = new Set();
    hold.server = http.createServer((_, answer) => (hold.free ? answer.end("go\n") : hold.waiting.add(answer)));
    await new Promise((done) => hold.server.listen(0, "127.0.0.1", done));
    return hold;
  }

  /** What the app's start.sh says to wait in these stages; a line of its own. */
  line(...stages) {
    const { port } = this.server.address();
    return `case " ${stages.join(" ")} " in *" $SLUICE_STAGE "*) busybox wget -q -O - http://127.0.0.1:${port}/ ;; esac`;
  }

  /** Lets in who waits and who comes later. */
  release() {
    this.free = true;
    for (const answer of this.waiting) answer.end("go\n");
    this.waiting.clear();
  }

  /** Who comes from now on waits again. */
  shut() {
    this.free = false;
  }

  close() {
    this.server.closeAllConnections();
    this.server.close();
  }
}
