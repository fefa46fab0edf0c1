"""Under what terms the parts of an exported package stand; printed by every exporter and written into every package."""

LICENCE = (
    "Not for commercial use, not for passing on. Code: CreativeML Open RAIL-M. Base weights: CC-BY-NC-4.0 "
    "(the text of their model card says CC-BY-NC-ND). StreamingT2V's own weights: no licence stated."
)
BASE_NOTE = """  ModelScope text-to-video-ms-1.7b: CC-BY-NC-4.0 by its model card's header, CC-BY-NC-ND by its text. No
  commercial use under either; under the second, nothing made of it may be passed on, and a conversion is
  made of it. Another base has terms of its own, which its model card states.
  Text tower: OpenCLIP ViT-H/14, MIT. Autoencoder: Stable Diffusion's, CreativeML Open RAIL(++)-M."""
FIRST_STAGE_NOTE = f"""Licences of what this is made of (no legal advice):
{BASE_NOTE}
Keep it to yourself, for uses that all of these allow."""
LICENCE_NOTE = f"""Licences of what this package is made of (no legal advice):
  StreamingT2V's code: CreativeML Open RAIL-M, as its README says; its repository holds no licence file.
  StreamingT2V's weights: their publisher states no licence for them. They were tuned from the first stage's.
{BASE_NOTE}
  Image tower: OpenCLIP ViT-H/14, MIT.
Keep the package to yourself, for uses that all of these allow."""
REFINER_NOTE = """  Refiner, MS-Vid2Vid-XL: CC-BY-NC-ND-4.0 by its model card, so no commercial use, and no passing on of a conversion."""
