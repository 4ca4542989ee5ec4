// Where CPython keeps what the runtime reads directly: name, C expression, value on 3.11, 3.12, 3.13.
//
// `build.rs` includes this file as well and has the C compiler prove each row against the headers of the
// target interpreter; rows of `pycore_dict.h` are proved where those headers are installed.
const LAYOUT: &[(&str, &str, [usize; 3])] = &[
    ("FLOAT_VALUE", "offsetof(PyFloatObject, ob_fval)", [16, 16, 16]),
    ("VAR_SIZE", "offsetof(PyVarObject, ob_size)", [16, 16, 16]),
    ("LIST_ITEMS", "offsetof(PyListObject, ob_item)", [24, 24, 24]),
    ("LIST_ALLOCATED", "offsetof(PyListObject, allocated)", [32, 32, 32]),
    ("TUPLE_ITEMS", "offsetof(PyTupleObject, ob_item)", [24, 24, 24]),
    ("LONG_TAG", "PYRUST_LONG_TAG", [16, 16, 16]),
    ("LONG_DIGITS", "PYRUST_LONG_DIGITS", [24, 24, 24]),
    ("LONG_SHIFT", "PyLong_SHIFT", [30, 30, 30]),
    ("LONG_DIGIT_SIZE", "sizeof(digit)", [4, 4, 4]),
    ("STR_LENGTH", "offsetof(PyASCIIObject, length)", [16, 16, 16]),
    ("STR_HASH", "offsetof(PyASCIIObject, hash)", [24, 24, 24]),
    ("STR_STATE", "offsetof(PyASCIIObject, state)", [32, 32, 32]),
    ("STR_ASCII_DATA", "sizeof(PyASCIIObject)", [48, 40, 40]),
    ("STR_WIDE_DATA", "sizeof(PyCompactUnicodeObject)", [72, 56, 56]),
    ("BYTES_HASH", "offsetof(PyBytesObject, ob_shash)", [24, 24, 24]),
    ("BYTES_DATA", "offsetof(PyBytesObject, ob_sval)", [32, 32, 32]),
    ("DICT_USED", "offsetof(PyDictObject, ma_used)", [16, 16, 16]),
    ("DICT_KEYS", "offsetof(PyDictObject, ma_keys)", [32, 32, 32]),
    ("DICT_VALUES", "offsetof(PyDictObject, ma_values)", [40, 40, 40]),
    ("KEYS_LOG2_SIZE", "offsetof(struct _dictkeysobject, dk_log2_size)", [8, 8, 8]),
    ("KEYS_LOG2_INDEX_BYTES", "offsetof(struct _dictkeysobject, dk_log2_index_bytes)", [9, 9, 9]),
    ("KEYS_KIND", "offsetof(struct _dictkeysobject, dk_kind)", [10, 10, 10]),
    ("KEYS_ENTRIES_USED", "offsetof(struct _dictkeysobject, dk_nentries)", [24, 24, 24]),
    ("KEYS_INDICES", "offsetof(struct _dictkeysobject, dk_indices)", [32, 32, 32]),
    ("KEYS_GENERAL_ENTRY", "sizeof(PyDictKeyEntry)", [24, 24, 24]),
    ("KEYS_UNICODE_ENTRY", "sizeof(PyDictUnicodeEntry)", [16, 16, 16]),
    ("VALUES_ITEMS", "offsetof(struct _dictvalues, values)", [0, 0, 8]),
];
