// A stack's pipeline as a person reads it. Playwright's locators wait for what they name, so every call is a check, too.
import assert from "node:assert/strict";
import { holds } from "./until.mjs";

export const tile = (tab, stage) => tab.page.getByRole("region", { name: `Stage ${stage}`, exact: true });

/** Waits until the stage's tile has this word as its state, and all of the texts. */
export async function stageIs(tab, stage, state, ...texts) {
  let here = tile(tab, stage);
  for (const text of texts) here = here.filter({ hasText: text });
  await here.filter({ has: tab.page.getByText(state, { exact: true }) }).waitFor();
}

/** The gate's link to the approval of the change. */
export const waits = (tab, change, stage) => tab.page.getByRole("link", { name: `Change ${change} waits for approval in ${stage}: decide` });

/** The names of the stages in the order of the page. */
export async function order(tab) {
  const tiles = await tab.page.getByRole("region", { name: /^Stage / }).all();
  return Promise.all(tiles.map(async (one) => (await one.getAttribute("aria-label")).replace("Stage ", "")));
}

/** Chooses in the menu of a stage. */
export async function choose(tab, stage, act) {
  await tile(tab, stage).getByRole("button", { name: `What to do with ${stage}` }).click();
  await tab.page.getByRole("menuitem", { name: act, exact: true }).click();
}

/** Sets a switch by its label, as a mouse does: the control itself lies unseen behind its picture. */
export async function flip(where, label, on) {
  const control = where.getByRole("switch", { name: label });
  await control.waitFor({ state: "attached" }); // its label counts the description, too
  if ((await control.isChecked()) !== on) await where.getByText(label, { exact: true }).click();
  await holds(async () => assert.equal(await control.isChecked(), on));
}

/** Fills the form of a new stage, as far as it is asked to; returns what it says will happen. */
export async function newStage(tab, { name, approval = false }) {
  const form = tab.page.getByRole("dialog", { name: "New stage" });
  await form.getByLabel("Name", { exact: true }).fill(name);
  if (approval) await flip(form, "Require manual approval", true);
  const says = await form.getByRole("status").innerText();
  return { says, create: () => form.getByRole("button", { name: "Create new stage" }).click() };
}

/** Types the word into the dialog that is open; wrong words first, to see that they do nothing. */
export async function typeDelete(tab, button) {
  const dialog = tab.page.getByRole("dialog");
  const field = dialog.getByLabel("Type delete to confirm");
  const go = dialog.getByRole("button", { name: button });
  for (const word of ["", "Delete", "delet"]) {
    await field.fill(word);
    await holds(async () => assert.ok(await go.isDisabled(), `“${word}” would delete`));
  }
  await field.fill("delete");
  await go.click();
}
