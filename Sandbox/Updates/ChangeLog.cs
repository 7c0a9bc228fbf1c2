using Backup.MongoWire.Bson;
using Backup.Sandbox.Values;

namespace Backup.Sandbox.Updates;

/// <summary>
/// What an update has done to one document, written as the oplog's <c>o</c>: computed values, never operators.
/// </summary>
internal sealed class ChangeLog
{
    private readonly List<Change> _changes = [];

    public bool IsEmpty => _changes.Count == 0;

    /// <param name="path">The whole path, with array positions.</param>
    /// <param name="created">How many leading parts of it were there before; all of them: the value was replaced.</param>
    /// <param name="arrays">Which containers on the way are arrays, by depth.</param>
    /// <param name="value">The value at the path's end.</param>
    public void Set(string[] path, int created, bool[] arrays, Node value) =>
        _changes.Add(new Change(path, created, arrays, value));

    /// <summary>A field that was there and is gone; an array's item became null.</summary>
    public void Unset(string[] path, bool[] arrays) => _changes.Add(new Change(path, path.Length, arrays, null));

    /// <summary><c>{$v: 1, $set: {…}, $unset: {…}}</c>, the sections in the order of their first use.</summary>
    public BsonDocument ToModifiers()
    {
        using var writer = new BsonWriter(512);
        writer.BeginDocument().Int32("$v"u8, 1);
        var setFirst = _changes[0].Value is not null;
        Section(writer, setFirst);
        Section(writer, !setFirst);
        writer.EndDocument();
        return writer.ToDocument();
    }

    /// <summary><c>{$v: 2, diff: {…}}</c>.</summary>
    public BsonDocument ToDiff()
    {
        var root = new DiffNode();
        foreach (var change in _changes)
        {
            root.Add(change, 0);
        }

        using var writer = new BsonWriter(512);
        writer.BeginDocument().Int32("$v"u8, 2).BeginDocument("diff"u8);
        root.Write(writer);
        writer.EndDocument().EndDocument();
        return writer.ToDocument();
    }

    private void Section(BsonWriter writer, bool sets)
    {
        var section = _changes.Where(change => change.Value is not null == sets).ToList();
        if (section.Count == 0)
        {
            return;
        }

        writer.BeginDocument(sets ? "$set"u8 : "$unset"u8);
        foreach (var change in section)
        {
            var name = Names.Bytes(string.Join('.', change.Path));
            if (change.Value is { } value)
            {
                value.Write(writer, name);
            }
            else
            {
                writer.Boolean(name, true);
            }
        }

        writer.EndDocument();
    }

    private sealed record Change(string[] Path, int Created, bool[] Arrays, Node? Value);

    /// <summary>One level of a diff; its sections stand in the order d, u, i, s.</summary>
    private sealed class DiffNode
    {
        private readonly List<string> _deleted = [];
        private readonly List<(string Name, Node Value)> _updated = [];
        private readonly List<(string Name, Node Value)> _inserted = [];
        private readonly List<(string Name, DiffNode Value)> _subs = [];
        private bool _isArray;

        public void Add(Change change, int depth)
        {
            _isArray = change.Arrays[depth];
            var name = change.Path[depth];
            var last = depth == change.Path.Length - 1;
            if (!last && depth < change.Created)
            {
                Sub(name).Add(change, depth + 1);
            }
            else if (change.Value is null)
            {
                Remove(name);
            }
            else if (_isArray || depth < change.Created)
            {
                Put(_updated, change, depth);
            }
            else
            {
                Put(_inserted, change, depth);
            }
        }

        public void Write(BsonWriter writer)
        {
            if (_isArray)
            {
                writer.Boolean("a"u8, true);
                foreach (var (name, value) in _updated)
                {
                    value.Write(writer, Names.Bytes("u" + name));
                }
            }
            else
            {
                WriteSections(writer);
            }

            foreach (var (name, sub) in _subs)
            {
                writer.BeginDocument(Names.Bytes("s" + name));
                sub.Write(writer);
                writer.EndDocument();
            }
        }

        private static void Put(List<(string Name, Node Value)> section, Change change, int depth)
        {
            var name = change.Path[depth];
            var known = section.FindIndex(entry => entry.Name == name);
            if (known < 0)
            {
                section.Add((name, Nested(change, depth)));
            }
            else
            {
                Graft(section[known].Value, change, depth + 1);
            }
        }

        /// <summary>A second new field under a parent that the same update created.</summary>
        private static void Graft(Node target, Change change, int depth)
        {
            if (depth >= change.Path.Length)
            {
                return;
            }

            var existing = target.Find(change.Path[depth]);
            if (existing is null)
            {
                target.Fields.Add((change.Path[depth], Nested(change, depth)));
            }
            else
            {
                Graft(existing, change, depth + 1);
            }
        }

        private static Node Nested(Change change, int depth)
        {
            var value = change.Value!.Clone();
            for (var i = change.Path.Length - 1; i > depth; i--)
            {
                var parent = Node.NewDocument();
                parent.Fields.Add((change.Path[i], value));
                value = parent;
            }

            return value;
        }

        private DiffNode Sub(string name)
        {
            var known = _subs.FindIndex(entry => entry.Name == name);
            if (known >= 0)
            {
                return _subs[known].Value;
            }

            var created = new DiffNode();
            _subs.Add((name, created));
            return created;
        }

        private void Remove(string name)
        {
            if (_isArray)
            {
                _updated.Add((name, Node.Null()));
            }
            else
            {
                _deleted.Add(name);
            }
        }

        private void WriteSections(BsonWriter writer)
        {
            if (_deleted.Count > 0)
            {
                writer.BeginDocument("d"u8);
                _deleted.ForEach(name => writer.Boolean(Names.Bytes(name), false));
                writer.EndDocument();
            }

            WriteSection(writer, "u"u8, _updated);
            WriteSection(writer, "i"u8, _inserted);
        }

        private static void WriteSection(
            BsonWriter writer,
            ReadOnlySpan<byte> name,
            List<(string Name, Node Value)> section
        )
        {
            if (section.Count == 0)
            {
                return;
            }

            writer.BeginDocument(name);
            section.ForEach(entry => entry.Value.Write(writer, Names.Bytes(entry.Name)));
            writer.EndDocument();
        }
    }
}
