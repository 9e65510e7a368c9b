// contracts/openapi.yaml as something an answer can be held against.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import Ajv from 'ajv/dist/2020.js';
import { parse } from 'yaml';

const file = fileURLToPath(new URL('../../contracts/openapi.yaml', import.meta.url));

/** `check(name, value)` gives what is wrong with the value as a schema of that name; empty: nothing. */
export function contract() {
  const document = parse(readFileSync(file, 'utf8'));
  const ajv = new Ajv({ strict: false, allErrors: true, formats: { 'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/ } });
  ajv.addSchema({ $id: 'contract', components: document.components });
  return {
    paths: document.paths,
    check(name, value) {
      const validate = ajv.getSchema(`contract#/components/schemas/${name}`);
      if (!validate) throw new Error(`the contract has no schema ${name}`);
      return validate(value) ? [] : validate.errors.map((e) => `${e.instancePath} ${e.message}`);
    },
  };
}
