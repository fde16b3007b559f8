export type { TestDriver } from './test-driver.js';
export { testDriver } from './test-driver.js';
