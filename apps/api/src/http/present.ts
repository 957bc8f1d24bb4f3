/** The same without the keys whose value is undefined. */
export function present<T extends object>(
  value: T,
): { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
} {
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined)) as ReturnType<
    typeof present<T>
  >;
}
