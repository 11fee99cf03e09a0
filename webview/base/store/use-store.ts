import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { StateDefinition, Store } from './store';

export const StoreContext = createContext<Store | undefined>(undefined);

export function useStore(): Store {
  const store = useContext(StoreContext);
  if (!store) throw new Error('The page has no store.');
  return store;
}

export function useFeature<S>(definition: StateDefinition<S>): S {
  return useStore().state(definition);
}
