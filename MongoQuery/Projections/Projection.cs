using Backup.MongoQuery.Expressions;
using Backup.MongoQuery.Paths;
using Backup.MongoWire.Bson;

namespace Backup.MongoQuery.Projections;

/// <summary>A projection: of find, by 0 and 1; of <c>$project</c> and <c>$addFields</c>, with computed fields.</summary>
public sealed class Projection
{
    private readonly ProjectionTree _paths;
    private readonly bool _includes;
    private readonly bool _keepsId;
    private readonly bool _computes;

    private Projection(ProjectionTree paths, bool includes, bool keepsId, bool computes) =>
        (_paths, _includes, _keepsId, _computes) = (paths, includes, keepsId, computes);

    /// <summary>The projection of find: names and paths with 0 or 1; operators are not supported.</summary>
    /// <returns>Null where everything is wanted.</returns>
    /// <exception cref="QueryException">2600 where inclusion and exclusion are mixed, 2601 for operators.</exception>
    public static Projection? Parse(BsonDocument? specification)
    {
        if (specification is not { } given || given.View.IsEmpty)
        {
            return null;
        }

        bool? includes = null;
        bool? id = null;
        var paths = new ProjectionTree();
        foreach (var field in given.View)
        {
            if (!IsFlag(field))
            {
                throw MongoQueryErrors.NotSupported($"'{field.NameText}' in a projection with anything but 0 and 1");
            }

            var isWanted = Value.Of(field).IsTrue;
            if (field.NameIs("_id"u8))
            {
                id = isWanted;
                continue;
            }

            if (includes is not null && includes != isWanted)
            {
                throw MongoQueryErrors.BadValue("Projection cannot have a mix of inclusion and exclusion.");
            }

            includes = isWanted;
            paths.Add(Path(field), null);
        }

        if (includes == false && id == true)
        {
            throw MongoQueryErrors.BadValue("Projection cannot have a mix of inclusion and exclusion.");
        }

        return new Projection(paths, includes ?? id ?? false, id ?? true, computes: false);
    }

    /// <summary>The argument of <c>$project</c>.</summary>
    /// <exception cref="QueryException">2600 and 2601, as of <see cref="Parse"/>.</exception>
    internal static Projection Stage(BsonElement argument)
    {
        if (argument.Type != BsonType.Document)
        {
            throw MongoQueryErrors.Location(15969, "$project specification must be an object");
        }

        var reader = new StageReader();
        reader.Read(argument.AsDocument, "", 0);
        return reader.Projection();
    }

    /// <summary>The argument of <c>$addFields</c>: everything stays, some is computed.</summary>
    /// <exception cref="QueryException">As of <see cref="Stage"/>.</exception>
    internal static Projection Additions(BsonElement argument)
    {
        if (argument.Type != BsonType.Document || argument.AsDocument.IsEmpty)
        {
            throw MongoQueryErrors.Location(
                40272,
                $"{argument.NameText} specification stage must be an object with fields"
            );
        }

        var reader = new StageReader { OnlyComputes = true };
        reader.Read(argument.AsDocument, "", 0);
        return reader.Projection();
    }

    /// <summary>The argument of <c>$unset</c>: a path, or several.</summary>
    /// <exception cref="QueryException">As of <see cref="Stage"/>.</exception>
    internal static Projection Removals(BsonElement argument)
    {
        var paths = new ProjectionTree();
        var keepsId = true;
        foreach (var name in argument.Type == BsonType.Array ? argument.AsDocument : Value.Of(argument).Wrapped().View)
        {
            if (name.Type != BsonType.String)
            {
                throw MongoQueryErrors.Location(31002, "$unset specification must be a string or an array of strings");
            }

            if (name.AsString == "_id")
            {
                keepsId = false;
                continue;
            }

            paths.Add(FieldPath.Parse(name.AsUtf8), null);
        }

        return new Projection(paths, includes: false, keepsId, computes: false);
    }

    /// <summary>Names that it takes away, or sets to what may be missing.</summary>
    internal IEnumerable<string> Removed => _includes || _computes ? _paths.ComputedNames : _paths.Names;

    internal bool Includes => _includes;

    /// <summary>Whether it sets something within a field and keeps the rest.</summary>
    internal bool AddsBelow => _computes && !_includes && _paths.ComputesBelow;

    /// <summary>Names that it sets.</summary>
    internal IReadOnlyList<string> Computed => _paths.ComputedNames;

    /// <exception cref="QueryException">What expressions throw.</exception>
    public BsonDocument Apply(BsonDocument document)
    {
        var kept = Kept(document);
        if (!_computes)
        {
            return kept;
        }

        using var writer = new BsonWriter(document.Length);
        writer.BeginDocument();
        _paths.Set(writer, kept.View, document, entersArrays: !_includes);
        writer.EndDocument();
        return writer.ToDocument();
    }

    private BsonDocument Kept(BsonDocument document)
    {
        if (_computes && !_includes)
        {
            return document;
        }

        using var writer = new BsonWriter(document.Length);
        writer.BeginDocument();
        // A server puts the id of an inclusion first, wherever it was.
        foreach (var field in document.View)
        {
            if (!field.NameIs("_id"u8))
            {
                _paths.CopyField(writer, field, field.Name, _includes);
            }
            else if (_keepsId)
            {
                writer.Element(field);
            }
        }

        writer.EndDocument();
        return writer.ToDocument();
    }

    private static bool IsFlag(BsonElement field) => field.IsNumber || field.Type is BsonType.Boolean;

    private static FieldPath Path(BsonElement field) =>
        field.Name.StartsWith("_id."u8)
            ? throw MongoQueryErrors.NotSupported("a projection of parts of _id")
            : FieldPath.Parse(field.Name);

    /// <summary>Reads a stage's specification, whose paths may be written as documents in documents.</summary>
    private sealed class StageReader
    {
        private const int MaximumDepth = 100;

        private readonly ProjectionTree _paths = new();
        private bool? _includes;
        private bool? _id;
        private bool _computes;

        public bool OnlyComputes { get; init; }

        public void Read(BsonView specification, string prefix, int depth)
        {
            if (specification.IsEmpty || depth > MaximumDepth)
            {
                throw MongoQueryErrors.Location(40180, "an empty object is not a valid value in a projection");
            }

            foreach (var field in specification)
            {
                var path = prefix + field.NameText;
                if (field.Name is [] or [(byte)'$', ..] || path.StartsWith("_id.", StringComparison.Ordinal))
                {
                    throw MongoQueryErrors.NotSupported($"'{path}' in a projection");
                }

                if (IsFlag(field) && !OnlyComputes)
                {
                    Flag(path, Value.Of(field).IsTrue);
                }
                else if (
                    field.Type == BsonType.Document
                    && (field.AsDocument.IsEmpty || field.AsDocument.First.Name is not [(byte)'$', ..])
                )
                {
                    if (path == "_id")
                    {
                        throw MongoQueryErrors.NotSupported("a projection of parts of _id");
                    }

                    Read(field.AsDocument, path + ".", depth + 1);
                }
                else if (path == "_id")
                {
                    throw MongoQueryErrors.NotSupported("a computed _id in a projection");
                }
                else
                {
                    _computes = true;
                    Mix(true);
                    _paths.Add(PathOf(path), ExpressionParser.Parse(field));
                }
            }
        }

        public Projection Projection() =>
            _includes is null && _id is null
                ? throw MongoQueryErrors.Location(40177, "specification must have at least one field")
                : new(_paths, !OnlyComputes && (_includes ?? _id!.Value), _id ?? true, _computes);

        private void Flag(string path, bool isWanted)
        {
            if (path == "_id")
            {
                _id = isWanted;
                return;
            }

            Mix(isWanted);
            _paths.Add(PathOf(path), null);
        }

        private void Mix(bool includes)
        {
            if (_includes is not null && _includes != includes)
            {
                throw MongoQueryErrors.Location(
                    40178,
                    "Bad projection specification, cannot mix inclusion and exclusion of fields"
                );
            }

            _includes = includes;
        }

        private static FieldPath PathOf(string path) => FieldPath.Parse(System.Text.Encoding.UTF8.GetBytes(path));
    }
}
