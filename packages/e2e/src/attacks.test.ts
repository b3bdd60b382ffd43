import { attackSuite } from './harness/attack-suite.js';

attackSuite('rest');
