declare module 'swagger-ui-dist/absolute-path.js' {
  /** Where the package's files stand. */
  export default function absolutePath(): string;
}
