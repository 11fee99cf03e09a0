import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  columnRoles,
  firstRoles,
  modeled,
  roleProblem,
  withRole,
} from '../../../src/extension/training/column-choice';
import { contextOfRoles, type ColumnRole } from '../../../src/protocol/column-roles';
import type { TableColumn } from '../../../src/protocol/data';

const mass: TableColumn = { name: 'mass', key: 'mass', numeric: true, classes: false };
const age: TableColumn = { name: 'age', key: 1, numeric: true, classes: true, seen: ['1', '2'] };
const kind: TableColumn = { name: 'kind', key: 'kind', numeric: false, classes: true, seen: ['a', 'b'] };
const columns = [mass, age, kind];
const roles = columnRoles(columns);
const role = (column: TableColumn, as: ColumnRole['as']): ColumnRole =>
  roles.find((one) => one.column === column && one.as === as)!;

test('numbers are offered as they are, and what may be classes both ways', () => {
  assert.deepEqual(
    roles.map(({ column, as }) => `${column.name} ${as}`),
    ['mass number', 'age number', 'age class', 'kind class', 'age shown', 'kind shown'],
  );
  assert.deepEqual(columnRoles([mass]), []);
  assert.deepEqual(columnRoles([kind, { ...kind, name: 'other' }]), []);
});

test('text is the class at first, since it cannot be modeled', () => {
  assert.deepEqual(firstRoles(roles), [role(kind, 'shown')]);
  assert.deepEqual(firstRoles(columnRoles([mass, age])), []);
  assert.deepEqual(roleProblem(columns, []), { kind: 'text', name: 'kind' });
  assert.equal(roleProblem(columns, firstRoles(roles)), undefined);
});

test('a table has one class, and a column one role', () => {
  const chosen = [role(mass, 'number'), role(kind, 'shown')];
  assert.deepEqual(withRole(chosen, role(kind, 'class')), [role(mass, 'number'), role(kind, 'class')]);
  assert.deepEqual(withRole(chosen, role(age, 'class')), [role(mass, 'number'), role(age, 'class')]);
  assert.deepEqual(withRole([role(age, 'class')], role(age, 'number')), [role(age, 'number')]);
  assert.deepEqual(withRole(chosen, role(age, 'number')), [...chosen, role(age, 'number')]);
});

test('the choice as a training takes it', () => {
  const chosen = [role(mass, 'number'), role(kind, 'class')];
  assert.deepEqual(contextOfRoles(chosen), { columns: ['mass'], labels: true, labelColumn: 'kind' });
  assert.deepEqual(modeled(columns, chosen), ['age']);
  assert.deepEqual(contextOfRoles([role(age, 'number')]), { columns: [1] });
  assert.deepEqual(contextOfRoles([role(kind, 'shown')]), { labelColumn: 'kind' });
  assert.equal(contextOfRoles([]), undefined);
  assert.deepEqual(roleProblem([mass, age], [role(mass, 'number'), role(age, 'number')]), {
    kind: 'none left',
  });
});
