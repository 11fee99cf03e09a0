/**
 * The only module that knows the control library (@vscode/webview-ui-toolkit, archived upstream): to replace it,
 * replace this file.
 */
import {
  provideVSCodeDesignSystem,
  vsCodeButton,
  vsCodeDropdown,
  vsCodeOption,
  vsCodeTextField,
} from '@vscode/webview-ui-toolkit';
import { createElement, Fragment, type ComponentChildren, type ButtonHTMLAttributes } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';

export function registerControls(): void {
  provideVSCodeDesignSystem().register(vsCodeButton(), vsCodeDropdown(), vsCodeOption(), vsCodeTextField());
}

export interface ButtonProps {
  children?: ComponentChildren;
  primary?: boolean;
  icon?: boolean;
  label?: string;
  disabled?: boolean;
  onClick(): void;
}

export function Button({ children, primary, icon, label, disabled, onClick }: ButtonProps) {
  return createElement(
    'vscode-button' as string,
    {
      appearance: icon ? 'icon' : primary ? 'primary' : 'secondary',
      'aria-label': label,
      title: label,
      disabled: disabled ?? false,
      onClick,
    },
    children,
  );
}

export interface DropdownProps {
  label: string;
  value: string;
  options: readonly { value: string; text: string }[];
  disabled?: boolean;
  onChange(value: string): void;
}

interface ValueElement extends HTMLElement {
  value: string;
}

export function Dropdown({ label, value, options, disabled, onChange }: DropdownProps) {
  const element = useRef<ValueElement>(null);
  const optionKey = options.map((o) => o.value).join('\n');
  useEffect(() => {
    // The element drops a value that it has no option for, so the value follows once the options are there.
    let gone = false;
    requestAnimationFrame(() => {
      if (!gone && element.current && element.current.value !== value) element.current.value = value;
    });
    return () => void (gone = true);
  }, [value, optionKey]);
  return createElement(
    'vscode-dropdown' as string,
    {
      ref: element,
      'aria-label': label,
      title: label,
      disabled: disabled ?? false,
      onChange: () => {
        const chosen = element.current?.value;
        if (chosen !== undefined && chosen !== value) onChange(chosen);
      },
    },
    options.map((option) =>
      createElement(
        'vscode-option' as string,
        { key: option.value, value: option.value, selected: option.value === value },
        // Another text is another node: the element updates its selected text only when the nodes in it change.
        createElement(Fragment, { key: option.text }, option.text),
      ),
    ),
  );
}

export interface TextFieldProps {
  label: string;
  value: string;
  size?: number;
  placeholder?: string;
  invalid?: boolean;
  disabled?: boolean;
  /** On Enter and on leaving the field. */
  onCommit(value: string): void;
  onInput?(value: string): void;
}

export function TextField(props: TextFieldProps) {
  const element = useRef<ValueElement>(null);
  // Before the page is painted: set later, it would replace what the user began to type.
  useLayoutEffect(() => {
    if (element.current && element.current.value !== props.value) element.current.value = props.value;
  }, [props.value]);
  // The toolkit gives every field the name "Text field" when it connects.
  useEffect(() => element.current?.setAttribute('aria-label', props.label), [props.label]);
  return createElement('vscode-text-field' as string, {
    ref: element,
    'aria-label': props.label,
    title: props.label,
    size: props.size ?? 6,
    placeholder: props.placeholder,
    disabled: props.disabled ?? false,
    class: props.invalid ? 'invalid' : undefined,
    onInput: () => props.onInput?.(element.current?.value ?? ''),
    onChange: () => props.onCommit(element.current?.value ?? ''),
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key === 'Enter') props.onCommit(element.current?.value ?? '');
    },
  });
}

/** A button that looks like a link. */
export function LinkButton(attributes: ButtonHTMLAttributes) {
  return <button type="button" class="linklike" {...attributes} />;
}
