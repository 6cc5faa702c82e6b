/* data.js - the tables of the page, decoded and joined. Nothing here touches the screen.
 *
 * Shape (src/atlas/page.h): {format, generator, tables: {NAME: {columns, rows}}, dendrogram?, nearest?, measured?}. */

const DATA = JSON.parse(document.getElementById("atlas-data").textContent);

function table(name) {
  const t = (DATA.tables || {})[name];
  if (!t) return [];
  return t.rows.map((row, index) => {
    const object = { index };
    t.columns.forEach((column, i) => (object[column] = row[i] === null || row[i] === undefined ? "" : row[i]));
    return object;
  });
}

function list(text) {
  return String(text || "").split(";").map((x) => x.trim()).filter((x) => x && x !== "-");
}

/* Lower case without accents; places map back to the original for marking. */
function fold(text) {
  return String(text).normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

function foldWithPlaces(text) {
  let folded = "";
  const at = [];
  let i = 0;
  for (const c of text) {
    const f = fold(c);
    for (let k = 0; k < f.length; k++) at.push(i);
    folded += f;
    i += c.length;
  }
  at.push(i);
  return { folded, at };
}

const FACETS = [
  ["dim", "Contribution"], ["family", "Family"], ["modality", "Modality"], ["masking", "Masking"], ["target", "Target"],
  ["objective", "Objective"], ["architecture", "Architecture"], ["tasks", "Tasks"], ["year", "Year"], ["venue", "Venue"],
];

const papers = table("papers");
const taxonomy = table("taxonomy");
const results = table("results");
const timeline = table("timeline");
const datasets = table("datasets");
const gaps = table("gaps");
const forms = table("forms");
const outside = table("methods_outside");
const namedClusters = table("clusters");

const nodeById = new Map(taxonomy.map((n) => [n.node, n]));
const categoryByName = new Map(taxonomy.filter((n) => n.level === "category").map((n) => [n.name, n]));
const paperById = new Map(papers.map((p) => [p.id, p]));
const paperByShort = new Map();
const ownShorts = new Set(table("layers").map((l) => l.paper));
const recipes = table("recipes");
const outsideByShort = new Map(outside.map((o) => [o.short, o]));

for (const p of papers) {
  if (!paperByShort.has(p.short)) paperByShort.set(p.short, p);
  p.node = categoryByName.get(p.category) || null;
  p.inTextOnly = /^\(body only\)/.test(p.category);
  p.isOwn = ownShorts.has(p.short);
  p.recipes = recipes.filter((r) => p.arxiv && r.arxiv === p.arxiv).map((r) => r.recipe);
  p.results = [];
  p.events = [];
  p.facet = {
    dim: p.node ? list(p.node.dims) : dimensionsOfSection(p.category),
    family: list(p.family), modality: list(p.modality), masking: list(p.masking), target: list(p.target),
    objective: list(p.objective), architecture: list(p.architecture), tasks: list(p.tasks), year: list(p.year), venue: list(p.venue),
  };
  p.words = fold([p.short, p.title, p.summary, p.venue, p.year, p.category, ...FACETS.flatMap(([f]) => p.facet[f])].join(" \n "));
  p.name = fold(p.short + " " + p.title);
}

/* Papers that only the survey's text names are filed by its section: that of a category gives its dimensions. */
function dimensionsOfSection(category) {
  const m = /^\(body only\) (\S+)/.exec(category);
  const node = m && taxonomy.find((n) => n.level === "category" && n.survey_section === m[1]);
  return node ? list(node.dims) : [];
}

for (const r of results) {
  r.of = paperByShort.get(r.paper) || null;
  r.family = r.of ? r.of.family : (outsideByShort.get(r.paper) || {}).family || "other";
  r.isChecked = r.status === "read";
  if (r.of) r.of.results.push(r);
}
for (const e of timeline) {
  e.of = paperByShort.get(e.paper) || null;
  if (e.of) e.of.events.push(e);
}
const resultById = new Map(results.map((r) => [r.id, r]));

/* Results measured here, if the page was given any (page.h): same columns as `results`, with `run` for where from. */
const measured = ((DATA.measured || {}).rows || []).map((r, i) => ({
  ...r, id: "measured-" + i, of: paperByShort.get(r.paper) || null, isMeasured: true, isChecked: true,
  family: (paperByShort.get(r.paper) || {}).family || "other",
}));

/* ---- the taxonomy ---- */

const TEXT_ONLY = "text-only", SEVERAL = "several", OWN = "own";

/* Finer nodes hold no list of papers in the tables; these conditions on the papers' facets stand in for it. Each condition is
 * [facet, values...]; all conditions must hold. A node without conditions shows no count. */
const FINER = {
  "masking-random": [["masking", "random", "block", "tube", "mixing", "cross-modal", "dropping-tokens"]],
  "masking-random-uniform": [["masking", "random"]],
  "masking-random-block": [["masking", "block"]],
  "masking-random-tube": [["masking", "tube"]],
  "masking-random-spacetime": [["masking", "random"], ["modality", "video"]],
  "masking-random-mix": [["masking", "mixing"]],
  "masking-random-modality": [["masking", "cross-modal"]],
  "masking-network": [["masking", "attention-guided", "semantic", "learned", "adversarial", "loss-guided", "text-guided"]],
  "masking-network-attention": [["masking", "attention-guided"]],
  "masking-network-parts": [["masking", "semantic"]],
  "masking-network-generator": [["masking", "learned", "adversarial"]],
  "masking-network-loss": [["masking", "loss-guided"]],
  "masking-network-text": [["masking", "text-guided"]],
  "masking-classical": [["masking", "gradient-guided", "frequency", "noise-colour", "motion-guided", "geometry-guided"]],
  "masking-classical-gradient": [["masking", "gradient-guided"]],
  "masking-classical-spectrum": [["masking", "frequency"]],
  "masking-classical-noise": [["masking", "noise-colour"]],
  "masking-classical-flow": [["masking", "motion-guided"]],
  "masking-classical-geometry": [["masking", "geometry-guided"]],
  "target-low": [["target", "pixels", "normalised-pixels", "discrete-tokens", "hog", "frequency", "coordinates", "depth-map", "occupancy"]],
  "target-low-pixels": [["target", "pixels", "normalised-pixels"]],
  "target-low-tokens": [["target", "discrete-tokens"]],
  "target-low-hog": [["target", "hog"]],
  "target-low-spectral": [["target", "frequency"]],
  "target-low-3d": [["target", "coordinates", "depth-map", "occupancy"]],
  "target-high": [["target", "teacher-features", "ema-features", "own-features"]],
  "target-high-frozen": [["target", "teacher-features"]],
  "target-high-online": [["target", "ema-features", "own-features"]],
  "objective-reconstruction": [["objective", "l1", "l2", "smooth-l1", "huber", "cosine", "chamfer"]],
  "objective-reconstruction-l1l2": [["objective", "l1", "l2", "smooth-l1", "huber", "cosine"]],
  "objective-reconstruction-adversarial": [["objective", "adversarial"]],
  "objective-contrastive": [["objective", "infonce", "contrastive-other", "alignment"]],
  "objective-classification": [["objective", "cross-entropy"]],
  "objective-hybrid": [["family", "hybrid"]],
  "task-image": [["modality", "image"]],
  "task-image-classification": [["modality", "image"], ["tasks", "classification"]],
  "task-image-detection": [["modality", "image"], ["tasks", "detection"]],
  "task-image-segmentation": [["modality", "image"], ["tasks", "segmentation"]],
  "task-image-generation": [["modality", "image"], ["tasks", "generation", "inpainting", "restoration"]],
  "task-medical": [["modality", "medical-image", "medical-volume"]],
  "task-medical-segmentation": [["modality", "medical-image", "medical-volume"], ["tasks", "segmentation"]],
  "task-medical-classification": [["modality", "medical-image", "medical-volume"], ["tasks", "medical-diagnosis", "classification"]],
  "task-medical-anomaly": [["modality", "medical-image", "medical-volume"], ["tasks", "anomaly-detection"]],
  "task-video": [["modality", "video"]],
  "task-video-action": [["tasks", "action-recognition"]],
  "task-video-generation": [["modality", "video"], ["tasks", "generation", "forecasting"]],
  "task-video-anomaly": [["modality", "video"], ["tasks", "anomaly-detection"]],
  "task-video-tracking": [["tasks", "tracking"]],
  "task-multiview": [["modality", "multi-view"]],
  "task-pointcloud": [["modality", "point-cloud"]],
  "task-multimodal": [["modality", "multimodal"]],
  "architecture-vit": [["architecture", "vit"]],
  "architecture-hierarchical": [["architecture", "swin", "hierarchical-vit"]],
  "architecture-cnn": [["architecture", "cnn", "unet"]],
  "architecture-hybrid": [["architecture", "hybrid-conv-vit"]],
  "architecture-sparse": [["architecture", "moe"]],
  "architecture-fusion": [["architecture", "multi-encoder"]],
};

const papersOfNodeMemo = new Map();

/* The papers of a taxonomy node (or of one of the page's own: text-only, several, own); null where the tables cannot tell. */
function papersOfNode(id) {
  if (!papersOfNodeMemo.has(id)) papersOfNodeMemo.set(id, findPapersOfNode(id));
  return papersOfNodeMemo.get(id);
}

function findPapersOfNode(id) {
  if (id === TEXT_ONLY) return papers.filter((p) => p.inTextOnly);
  if (id === OWN) return papers.filter((p) => p.isOwn);
  if (id === SEVERAL) return papers.filter((p) => p.node && !p.node.parent);
  const node = nodeById.get(id);
  if (!node) return null;
  if (node.level === "category") return papers.filter((p) => p.node === node);
  if (node.level === "dimension") return papers.filter((p) => p.node && list(p.node.dims).includes(node.node));
  const conditions = FINER[id];
  if (!conditions) return null;
  return papers.filter((p) => conditions.every(([facet, ...values]) => p.facet[facet].some((v) => values.includes(v))));
}

function nodeName(id) {
  if (id === TEXT_ONLY) return "Named in the survey's text only";
  if (id === SEVERAL) return "Several dimensions together";
  if (id === OWN) return "Your own papers";
  const node = nodeById.get(id);
  if (!node) return id;
  return node.level === "category" && node.parent ? "Only this dimension" : node.name;
}

/* Parents and children; parents are followed at most as many times as there are nodes, so a cycle cannot trap anyone. */
const childrenOfNode = new Map();
for (const n of taxonomy) {
  const parent = n.parent || (n.level === "category" ? SEVERAL : "");
  if (!childrenOfNode.has(parent)) childrenOfNode.set(parent, []);
  childrenOfNode.get(parent).push(n.node);
}

function ancestorsOfNode(id) {
  const out = [];
  let node = nodeById.get(id);
  while (node && out.length < taxonomy.length) {
    const parent = node.parent || (node.level === "category" ? SEVERAL : "");
    if (!parent) break;
    out.push(parent);
    node = nodeById.get(parent);
  }
  return out;
}

/* ---- the dendrogram ---- */

const tree = decodeTree(DATA.dendrogram);

/* Items are 0..n-1 (rows of papers), merge i is node n + i: scipy's linkage. Null when the merges do not make a tree. */
function decodeTree(d) {
  if (!d || !d.merges || d.merges.length + 1 !== papers.length || papers.length < 2) return null;
  const n = papers.length, total = 2 * n - 1;
  const t = { n, root: total - 1, a: [], b: [], height: new Float64Array(total), size: new Int32Array(total), parent: new Int32Array(total).fill(-1), first: new Int32Array(total), order: [], terms: [], info: d };
  for (let i = 0; i < n; i++) t.size[i] = 1;
  for (let i = 0; i < n - 1; i++) {
    const [a, b, height] = d.merges[i], k = n + i;
    if (!(a < k && b < k && a !== b) || t.parent[a] >= 0 || t.parent[b] >= 0) return null;
    t.a[k] = a;
    t.b[k] = b;
    t.height[k] = height;
    t.size[k] = t.size[a] + t.size[b];
    t.parent[a] = t.parent[b] = k;
    t.terms[k] = (d.terms || [])[i] || [];
  }
  const stack = [t.root];
  while (stack.length) { /* leaves in drawing order; a node's leaves are order[first .. first + size) */
    const k = stack.pop();
    t.first[k] = t.order.length;
    if (k < n) t.order.push(k);
    else stack.push(t.b[k], t.a[k]);
  }
  return t;
}

function leavesOf(k) {
  return tree.order.slice(tree.first[k], tree.first[k] + tree.size[k]).map((i) => papers[i]);
}

/* The nodes left when all but the last `count` - 1 merges are done, in drawing order. */
function cutTree(count) {
  const alive = new Set([tree.root]);
  for (let k = tree.root; k >= tree.n && alive.size < count; k--) {
    alive.delete(k);
    alive.add(tree.a[k]).add(tree.b[k]);
  }
  return [...alive].sort((x, y) => tree.first[x] - tree.first[y]);
}

function treeName(k) {
  if (k < tree.n) return papers[k].short;
  return k === tree.root ? "the whole tree" : tree.terms[k].slice(0, 3).join(" · ") || "node " + k;
}

/* Papers near one: as the data say (by cosine of the vectors), else those of the smallest branch that holds five others. */
function nearestTo(p, count) {
  const given = (DATA.nearest || [])[p.index];
  if (given) return given.slice(0, count).map((i) => papers[i]).filter(Boolean);
  if (!tree) return [];
  let k = p.index;
  while (tree.parent[k] >= 0 && tree.size[k] <= 5) k = tree.parent[k];
  return leavesOf(k).filter((q) => q !== p).slice(0, count);
}

/* ---- benchmarks ---- */

const BENCHMARKS = {
  "imagenet1k-finetune": "ImageNet-1K, fine-tuned", "imagenet1k-linear": "ImageNet-1K, linear probe", "imagenet1k-knn": "ImageNet-1K, nearest neighbours",
  "imagenet1k-attentive": "ImageNet-1K, attentive probe", "imagenet1k-1pct": "ImageNet-1K, 1 % of labels", "imagenet1k-5shot": "ImageNet-1K, 5 labels a class",
  "coco-box": "COCO, boxes", "coco-mask": "COCO, masks", "ade20k-miou": "ADE20K, segmentation", kinetics400: "Kinetics-400", kinetics600: "Kinetics-600",
  kinetics700: "Kinetics-700", ssv2: "Something-Something v2", ucf101: "UCF101", hmdb51: "HMDB51", ava: "AVA", "kinetics400-attentive": "Kinetics-400, frozen encoder",
  "ssv2-attentive": "Something-Something v2, frozen encoder", "ava-attentive": "AVA, frozen encoder", modelnet40: "ModelNet40", "scanobjectnn-pb": "ScanObjectNN, PB",
  "scanobjectnn-bg": "ScanObjectNN, BG", "scanobjectnn-only": "ScanObjectNN, objects only", shapenetpart: "ShapeNetPart", "scannet-ap25": "ScanNet, AP25",
  "scannet-ap50": "ScanNet, AP50", "imagenet256-fid": "ImageNet 256, FID", "imagenet256-is": "ImageNet 256, Inception score", "imagenet512-fid": "ImageNet 512, FID",
  got10k: "GOT-10k", lasot: "LaSOT", trackingnet: "TrackingNet",
};

function benchmarkName(id) {
  return BENCHMARKS[id] || id;
}

const benchmarkCounts = new Map();
for (const r of [...results, ...measured]) benchmarkCounts.set(r.benchmark, (benchmarkCounts.get(r.benchmark) || 0) + 1);
const benchmarks = [...benchmarkCounts.keys()].sort((a, b) => benchmarkCounts.get(b) - benchmarkCounts.get(a));

/* Which data set a benchmark is scored on, by the beginning of its name. */
const BENCHMARK_DATA = [["imagenet", "imagenet-1k"], ["coco", "coco"], ["ade20k", "ade20k"], ["kinetics400", "kinetics-400"], ["kinetics600", "kinetics-600"], ["kinetics700", "kinetics-700"],
  ["ssv2", "ssv2"], ["ucf101", "ucf101"], ["hmdb51", "hmdb51"], ["ava", "ava"], ["modelnet40", "modelnet40"], ["scanobjectnn", "scanobjectnn"], ["shapenetpart", "shapenetpart"],
  ["scannet", "scannet"], ["got10k", "got-10k"], ["lasot", "lasot"], ["trackingnet", "trackingnet"]];

function benchmarksOfDataset(id) {
  const simple = (x) => x.replace(/[^a-z0-9]/g, "");
  return benchmarks.filter((b) => BENCHMARK_DATA.some(([start, data]) => b.startsWith(start) && simple(data) === simple(id)));
}

/* A figure as papers print it: with a decimal, which a number loses when it is zero. */
function figureText(value) {
  return Number.isInteger(value) ? value.toFixed(1) : String(value);
}

function isLowerBetter(metric) {
  return /^FID$/i.test(metric);
}

/* ViT-S, B, L, H or larger by the letter of the name; everything else is "other". */
const SIZES = [["vit-s", "ViT-S"], ["vit-b", "ViT-B"], ["vit-l", "ViT-L"], ["vit-h", "ViT-H"], ["vit-g", "ViT-g"], ["cnn", "Convolutional"], ["swin", "Swin"], ["other", "Other"]];

function sizeOf(backbone) {
  const m = /\bViT-([SBLHg])/.exec(backbone);
  if (m) return "vit-" + m[1].toLowerCase();
  if (/^Swin/i.test(backbone)) return "swin";
  if (/^(ResNet|ConvNeXt)/i.test(backbone)) return "cnn";
  return "other";
}
