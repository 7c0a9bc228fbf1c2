using Backup.MongoWire.Bson;
using Backup.Sandbox.Storage;

namespace Backup.Sandbox.Commands;

/// <summary>
/// Collections kept in the order of their cluster key, as servers from 5.0 on have them: those of users, and the buckets of time series. The
/// sandbox takes the buckets of a time series as they are; it fills none itself.
/// </summary>
internal static class ClusteredCollections
{
    private const string Buckets = "system.buckets.";

    /// <summary>Makes the collection; of a time series its buckets and the view that is its face.</summary>
    public static void Create(Engine engine, string database, string name, BsonDocument options)
    {
        if (engine.Profile == WireProfile.V42)
        {
            var unknown = options.View.Has("timeseries"u8) ? "timeseries" : "clusteredIndex";
            throw new CommandFault(40415, "Location40415", $"BSON field 'create.{unknown}' is an unknown field.");
        }

        if (options.View.TryGet("timeseries"u8, out var series))
        {
            CreateSeries(engine, database, name, options, series.AsDocument);
        }
        else
        {
            CatalogueWriter.Create(engine, database, name, Canonical(options));
        }
    }

    /// <summary>The view over a time series' buckets that has its name.</summary>
    public static SandboxCollection? BucketsOf(Engine engine, SandboxCollection view) =>
        view.Options.View.TryGet("viewOn"u8, out var on) && on.AsString == Buckets + view.Name
            ? engine.Find($"{view.Database}.{on.AsString}")
            : null;

    private static BsonDocument Canonical(BsonDocument options)
    {
        var given = options.View["clusteredIndex"u8];
        if (
            given.Type != BsonType.Document
            || !given.AsDocument.TryGet("key"u8, out var key)
            || !key.AsDocument.ToDocument().Equals(BsonDocument.Build(static w => w.Int32("_id"u8, 1)))
            || !given.AsDocument.TryGet("unique"u8, out var unique)
            || !unique.ToBoolean()
        )
        {
            throw CommandFault.InvalidOptions("The clusteredIndex option needs key: {_id: 1} and unique: true");
        }

        var name = given.AsDocument.TryGet("name"u8, out var named) ? named.AsString : "_id_";
        return BsonDocument.Build(w =>
        {
            foreach (var option in options.View)
            {
                if (!option.NameIs("clusteredIndex"u8))
                {
                    w.Element(option);
                    continue;
                }

                w.BeginDocument("clusteredIndex"u8).Int32("v"u8, 2).BeginDocument("key"u8).Int32("_id"u8, 1);
                w.EndDocument().String("name"u8, name).Boolean("unique"u8, true).EndDocument();
            }
        });
    }

    private static void CreateSeries(Engine engine, string database, string name, BsonDocument options, BsonView series)
    {
        var time = series["timeField"u8].AsString;
        var meta = series.TryGet("metaField"u8, out var field) ? field.AsString : null;
        var granularity = series.TryGet("granularity"u8, out var given) ? given.AsString : "seconds";
        var span = granularity switch
        {
            "seconds" => 3_600,
            "minutes" => 86_400,
            "hours" => 2_592_000,
            _ => throw CommandFault.BadValue(
                $"Enumeration value '{granularity}' for field 'granularity' is not a valid value."
            ),
        };
        var buckets = BsonDocument.Build(w =>
        {
            w.BeginDocument("validator"u8).BeginDocument("$jsonSchema"u8).String("bsonType"u8, "object");
            w.BeginArray("required"u8).String("0"u8, "_id").String("1"u8, "control").String("2"u8, "data").EndArray();
            w.EndDocument().EndDocument().Boolean("clusteredIndex"u8, true);
            foreach (var option in options.View)
            {
                if (!option.NameIs("timeseries"u8))
                {
                    w.Element(option);
                }
            }

            w.BeginDocument("timeseries"u8).String("timeField"u8, time);
            if (meta is not null)
            {
                w.String("metaField"u8, meta);
            }

            w.String("granularity"u8, granularity).Int32("bucketMaxSpanSeconds"u8, span).EndDocument();
        });
        CatalogueWriter.Create(engine, database, Buckets + name, buckets);
        var view = BsonDocument.Build(w =>
        {
            w.String("viewOn"u8, Buckets + name).BeginArray("pipeline"u8).BeginDocument("0"u8);
            w.BeginDocument("$_internalUnpackBucket"u8).String("timeField"u8, time);
            if (meta is not null)
            {
                w.String("metaField"u8, meta);
            }

            w.Int32("bucketMaxSpanSeconds"u8, span).EndDocument().EndDocument().EndArray();
        });
        CatalogueWriter.CreateView(engine, database, name, view);
    }
}
