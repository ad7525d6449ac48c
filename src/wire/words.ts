// The words that device names and new pool codes are made of: 512, short, easy to say and to tell apart.

const MOODS =
  'amber ample bold brave brief bright brisk calm candid clear clever cool cosy crisp curious daring deep eager early easy ' +
  'fair fleet fond frank free fresh gentle glad golden good grand happy humble keen kind late light little lively lucid ' +
  'lucky mellow merry mild modest neat nimble noble patient plain proud quick quiet ready rosy sage silver smart snug soft ' +
  'spry steady still sunny';

const CREATURES =
  'badger beaver bison bream cicada clam cod condor coot crab crane cricket curlew dipper dove duck eagle egret eider elk ' +
  'falcon ferret finch fox gecko goose grebe gull hare heron ibis jay kestrel kite lark limpet linnet lizard lynx magpie ' +
  'marten mole moth mussel newt ocelot osprey otter owl panda perch petrel plover puffin quail raven robin seal shrimp snail ' +
  'stork swan tern trout';

const THINGS =
  'acorn agate alder almond alpine anchor apple apron april arbor arch arrow aspen aster atlas attic autumn bagel baker bamboo ' +
  'banjo bark barley barn basil basin basket bay bayou beach beacon bead bean bell bench berry birch biscuit blanket blossom ' +
  'boat bonnet book bottle boulder bowl bramble branch brass bread breeze brick bridge brook broom brush bucket buckle bugle ' +
  'butter button cabin cable cactus camel canal candle canoe canvas canyon cape caramel caravan carrot castle cavern cedar cello ' +
  'celery chalk chapel cherry chess chime cider cinder cinema circle citrus clay cliff clock cloud clove clover coast cobalt ' +
  'cocoa coin comet compass copper coral cork corner cotton cove cradle crater crayon creek crest crown crystal cup current curry ' +
  'cymbal daisy dance dawn delta denim desert dew diamond dock domino dragon drum dune dust easel echo elbow elder elm ember ' +
  'emerald engine ermine estuary evening fable feather fern ferry fiddle field fig fir fjord flag flame flannel flax flint flour ' +
  'flute foam fog folk ford forest fossil fountain frost garden garlic garnet gate geyser ginger glacier glade glass glen globe ' +
  'glove granite grape grass gravel grove guitar hammer harbor harp harvest hazel heath hedge helmet hill hollow honey hoop ' +
  'horizon ice indigo ink inlet iris iron island ivory ivy jade jasmine jetty jewel juniper kayak kettle key kiln lace ladder ' +
  'lagoon lake lamp lantern laurel lava leaf ledge lemon lentil lichen lilac lily lime linen loft lotus lunar lute mango mantle ' +
  'maple marble marina market marsh meadow melon mesa meteor mill mint mirror mist mitten moon moor morning mosaic moss mountain ' +
  'muslin nectar needle nest nettle night north nutmeg oak oasis oat ocean olive onyx opal orbit orchard orchid oven oyster paddle ' +
  'paint palm paper pasta path pear pearl pebble pecan pepper petal piano picnic pier pine planet plum pocket pond poplar poppy ' +
  'porch prairie prism puddle pumpkin quarry quartz quay quill quilt quince radio rain ramp ravine reed reef ribbon ridge ripple ' +
  'river rocket roof rope rose ruby saddle saffron sail salt sand sapphire satin scarf school sesame shade shell shore silk sketch ' +
  'slate sleet slope snow socket solar sonnet spark spice spring spruce star stone storm stove strait straw stream sugar summer ' +
  'summit sun surf table tea teal temple thimble thistle thyme tide tiger timber toast topaz torch tower trail tulip tunnel turnip ' +
  'valley vanilla velvet violet violin walnut water wave wharf wheat willow window winter wood wool yarn zenith';

const list = (words: string): readonly string[] => words.split(' ');

export const moods: readonly string[] = list(MOODS);
export const creatures: readonly string[] = list(CREATURES);
/** 512 different words, so that one is drawn with nine unbiased bits. */
export const poolWords: readonly string[] = [...moods, ...creatures, ...list(THINGS)].slice(0, 512);
