const two = (value: number) => String(value).padStart(2, "0");

/** "14:03:07.123" in the reader's own zone, with the day before it where the log is of several days. */
export function clock(at: number, withDay: boolean): string {
  if (Number.isNaN(at)) return "";
  const date = new Date(at);
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, "0")}`;
  return withDay ? `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${time}` : time;
}

export const sameDay = (a: number, b: number): boolean =>
  Number.isNaN(a) || Number.isNaN(b) || new Date(a).toDateString() === new Date(b).toDateString();
