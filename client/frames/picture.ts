/**
 * Shows one picture of another site, whose address stands behind the "#". The page that frames this one allows itself no
 * such picture; this one may show pictures and can do nothing else.
 */
import type { PictureNews } from "@/composables/pictures";

/** A drawing may have no size of its own. */
const UNSIZED = 512;
const given = new URLSearchParams(location.hash.slice(1));
const image = document.createElement("img");
image.alt = given.get("alt") ?? "";
image.referrerPolicy = "no-referrer";
image.onload = () => tell({ width: image.naturalWidth || UNSIZED, height: image.naturalHeight || UNSIZED });
image.onerror = () => tell(null);
image.src = given.get("address") ?? "";
document.body.append(image);

function tell(news: PictureNews): void {
  parent.postMessage(news, location.origin);
}
