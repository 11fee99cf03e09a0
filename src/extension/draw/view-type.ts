export const drawView = 'flowscope.drawData';
