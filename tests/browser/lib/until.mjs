/** The first answer of `ask` that is true; throws naming `what` after so many seconds. */
export async function until(what, seconds, ask) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`gave up after ${seconds} s: ${what}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}

/** Awaits that `claim`, an assertion about a page that is still drawing, holds; throws what it threw last after 10 s. */
export async function holds(claim) {
  const end = Date.now() + 10_000;
  for (;;) {
    try {
      return await claim();
    } catch (error) {
      if (Date.now() > end) throw error;
    }
    await new Promise((done) => setTimeout(done, 20));
  }
}
