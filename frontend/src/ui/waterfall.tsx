/** Gross - fees - slippage (- borrow) = net as small bars on one scale, each starting where the last ended. */

import { type Unit, way } from "../lib/money";
import "./waterfall.css";

const HEIGHT = 26;
const PAD = 2;
const LEAST = 1.5; // a cost that is not zero stays visible

export interface Step {
  kind: "gross" | "fees" | "slippage" | "borrow" | "net";
  /** Top and height in px within `HEIGHT`. */
  y: number;
  height: number;
  tone: "up" | "down" | "cost" | "even";
  /** Level that the bar hands over to the next one, px; undefined on the last. */
  handover?: number;
}

export interface WaterfallShape {
  zero: number;
  steps: Step[];
}

interface Parts {
  gross: number;
  fees: number;
  slippage: number;
  borrow?: number;
  net: number;
}

/** Lay the bars out; money in, pixels out. All hang on one zero line; borrow has a bar only where it is charged. */
export function waterfall(pnl: Parts, unit: Unit): WaterfallShape {
  const afterFees = pnl.gross - pnl.fees;
  const afterSlippage = afterFees - pnl.slippage;
  const high = Math.max(0, pnl.gross, afterFees, afterSlippage, pnl.net);
  const low = Math.min(0, pnl.gross, afterFees, afterSlippage, pnl.net);
  const scale = high === low ? 0 : (HEIGHT - 2 * PAD) / (high - low);
  const y = (value: number): number => (scale === 0 ? HEIGHT / 2 : PAD + (high - value) * scale);
  const tone = (value: number): Step["tone"] => (["down", "even", "up"] as const)[way(value, unit) + 1] ?? "even";
  const bar = (kind: Step["kind"], from: number, to: number, colour: Step["tone"]): Step => ({
    kind,
    y: Math.min(y(from), y(to)),
    height: from === to ? 0 : Math.max(LEAST, Math.abs(y(to) - y(from))),
    tone: colour,
    ...(kind === "net" ? {} : { handover: y(to) }),
  });
  return {
    zero: y(0),
    steps: [
      bar("gross", 0, pnl.gross, tone(pnl.gross)),
      bar("fees", pnl.gross, afterFees, "cost"),
      bar("slippage", afterFees, afterSlippage, "cost"),
      ...(pnl.borrow ? [bar("borrow", afterSlippage, afterSlippage - pnl.borrow, "cost")] : []),
      bar("net", 0, pnl.net, tone(pnl.net)),
    ],
  };
}

/** One column of the waterfall, above its figure; `from` is the level that the column before hands over. */
export function WaterfallBar({ shape, kind }: { shape: WaterfallShape; kind: Step["kind"] }) {
  const index = shape.steps.findIndex((each) => each.kind === kind);
  const step = shape.steps[index];
  const from = index > 0 && step?.kind !== "gross" ? shape.steps[index - 1]?.handover : undefined;
  if (!step) return null;
  return (
    <svg className="waterfall" height={HEIGHT} width="100%" aria-hidden="true">
      <line className="zero" x1="0" x2="100%" y1={shape.zero} y2={shape.zero} />
      {from !== undefined && <line className="handover" x1="0" x2="100%" y1={from} y2={from} />}
      {step.height > 0 && <rect className={step.tone} x="100%" y={step.y} width="12" height={step.height} />}
    </svg>
  );
}
