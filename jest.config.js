// How the tests run: jest in ESM mode, TypeScript stripped by swc (types are checked by `tsc`, apart from the tests).
// Two projects: `unit` runs in parallel; `browser` holds whatever starts a real browser or real WebRTC, and
// test/run.mjs runs it one file at a time, because two of those at once starve each other of processor time.
// Run one file by hand: NODE_OPTIONS=--experimental-vm-modules npx jest test/wire

/** swc needs to be told about JSX, and with JSX on it would misread `<T>(value: T) => value` in a plain .ts file. */
function swc(tsx) {
  return [
    '@swc/jest',
    {
      swcrc: false,
      sourceMaps: 'inline',
      module: { type: 'es6' },
      jsc: {
        target: 'es2022',
        parser: { syntax: 'typescript', tsx },
        transform: { react: { runtime: 'automatic', importSource: 'preact' } },
      },
    },
  ];
}

const shared = {
  rootDir: import.meta.dirname,
  roots: ['<rootDir>/test'],
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts', '.tsx'],
  transform: { '\\.ts$': swc(false), '\\.tsx$': swc(true) },
  // What examples call the package is the source, not what was built of it before.
  moduleNameMapper: { '\\.css$': '<rootDir>/test/support/css-module.ts', '^rockpool$': '<rootDir>/src/index.ts' },
};

/** Files that start browsers or real peer connections: these folders, and `*.browser.test.ts` anywhere. */
const BROWSER_TESTS = [
  '/test/(e2e|conformance)/.*\\.test\\.ts$',
  '/test/first-load\\.test\\.ts$',
  '\\.browser\\.test\\.ts$',
];

export default {
  maxWorkers: 2,
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: ['<rootDir>/test/**/*.test.ts'],
      testPathIgnorePatterns: ['/node_modules/', ...BROWSER_TESTS],
    },
    { ...shared, displayName: 'browser', testRegex: BROWSER_TESTS },
  ],
};
