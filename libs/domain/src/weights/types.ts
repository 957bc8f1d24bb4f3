/** A share of requests in tenths of a percent: 0–1000, shares of one step sum to 1000. */
export type Permille = number;

/** One target group in a forward action. `weight` is an integer 0–999 (ELBv2 API reference, TargetGroupTuple). */
export interface TargetGroupWeight {
  readonly targetGroupArn: string;
  readonly weight: number;
}

/** Every target group of one forward action: unique, sorted by ARN, at most 5, sum above 0. */
export type Weights = readonly TargetGroupWeight[];
