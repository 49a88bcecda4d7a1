/** Numbers with all their digits and never an exponent: `0.00000001`, `500`. For files and small print. */

/** Empty for what is no number. */
export function plain(value: number): string {
  if (!Number.isFinite(value)) return "";
  const text = String(value);
  const [digits = "", exponent] = text.split("e");
  if (exponent === undefined) return text;
  const sign = digits.startsWith("-") ? "-" : "";
  const [whole = "", part = ""] = digits.slice(sign.length).split(".");
  const point = whole.length + Number(exponent);
  const all = whole + part;
  return sign + (point <= 0 ? `0.${"0".repeat(-point)}${all}` : all.padEnd(point, "0"));
}
