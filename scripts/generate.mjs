// Sources that are made from one list for both languages, before anything is compiled.
import { generateLayouts } from './generate-layouts.mjs';

generateLayouts();
