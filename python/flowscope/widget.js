/* global window */
// Passes messages between a page in a notebook, which is a frame, and the kernel. It knows the page by its name.
export default {
  initialize({ model }) {
    const name = model.get('page');
    let page;
    const toPage = (message) => page?.postMessage(message, '*');
    const gone = () => toPage({ flowscope: name, gone: true });
    const fromPage = ({ data, source }) => {
      if (data?.flowscope !== name || data.id === undefined) return;
      page = source;
      try {
        model.send(data);
      } catch {
        // The kernel was restarted, or has ended.
        gone();
      }
    };
    const fromKernel = (content, buffers) => {
      const [bytes] = buffers ?? [];
      const reply = bytes
        ? { ...content.reply, bytes: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) }
        : content.reply;
      toPage({ ...content, reply });
    };
    window.addEventListener('message', fromPage);
    model.on('msg:custom', fromKernel);
    model.on('comm_live_update', gone);
    return () => {
      gone();
      window.removeEventListener('message', fromPage);
    };
  },
};
