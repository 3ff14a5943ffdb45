// Times aws-local-stepfunctions in process. Reads {name: [definition, input, runs]} from standard input, and prints the
// median times in milliseconds as JSON. Argument: the folder with node_modules.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(`${process.argv[2]}/`);
const { StateMachine } = require('aws-local-stepfunctions');
const figures = {};
for (const [name, [definition, input, runs]] of Object.entries(JSON.parse(readFileSync(0, 'utf8')))) {
  const machine = new StateMachine(definition);
  const times = [];
  for (let n = 0; n < runs; n += 1) {
    const began = process.hrtime.bigint();
    await machine.run(input).result;
    times.push(Number(process.hrtime.bigint() - began) / 1e6);
  }
  times.sort((a, b) => a - b);
  figures[name] = times[Math.floor(runs / 2)];
}
console.log(JSON.stringify(figures));
