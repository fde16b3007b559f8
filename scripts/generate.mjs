// Sources that are made from one list for both languages, before anything is compiled.
import { generateJsonStripes } from './generate-json-stripes.mjs';
import { generateLayouts } from './generate-layouts.mjs';
import { generatePowersOfFive } from './generate-powers-of-five.mjs';

generateLayouts();
generateJsonStripes();
generatePowersOfFive();
