/** The page before its first data: hairlines in the final sizes, after 150 ms; never a zero, never a spinner. */

import "./skeleton.css";

const CARDS = 6;
const TOTALS = 3;

const range = (length: number): number[] => Array.from({ length }, (_, index) => index);

export function Skeleton() {
  return (
    <div className="skeleton" role="status">
      <span className="spoken">Loading the desk</span>
      <div className="totals" aria-hidden="true">
        {range(TOTALS).map((index) => (
          <div key={index} className="panel total">
            <i className="w20" />
            <i className="w50 tall" />
            <i className="w80" />
          </div>
        ))}
      </div>
      <div className="panel compare" aria-hidden="true">
        {range(CARDS).map((index) => (
          <i key={index} className="row" />
        ))}
      </div>
      <div className="cards" aria-hidden="true">
        {range(CARDS).map((index) => (
          <div key={index} className="panel card">
            <i className="w30" />
            <i className="w80" />
            <i className="w50 tall" />
            <i className="plot" />
            <i className="w80" />
          </div>
        ))}
      </div>
    </div>
  );
}
