/** Tabs of the layer, each with the command of the host that opens it: "flowscope." and this name. */
export const layerTabs = {
  plane: 'showPlane',
  activations: 'showActivations',
  paths: 'showPaths',
  field: 'showField',
  // Its command was called so when splines alone had a curve; people have keys for it.
  curve: 'showSpline',
  order: 'showOrder',
  matrix: 'showMatrix',
  conditions: 'showConditions',
  mask: 'showMask',
  logdet: 'showLogDet',
  network: 'showNetwork',
  jacobian: 'showJacobian',
  solver: 'showSolver',
  loss: 'showLossOverTime',
} as const;

/** One that the open model does not have is passed over. */
export type LayerTab = keyof typeof layerTabs;
