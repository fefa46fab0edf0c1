/** What clients of the service that was switched off still send. A service may let its default model stand in for them. */

export const RETIRED_MODELS = ['sora-2', 'sora-2-pro'] as const;
/** Sizes of those models, <width>x<height> in pixels. */
export const RETIRED_SIZES = ['720x1280', '1280x720', '1024x1792', '1792x1024', '1080x1920', '1920x1080'] as const;
