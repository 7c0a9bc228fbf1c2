using System.Runtime.InteropServices;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Uri;

namespace Backup.MongoWire.Client.Discovery;

/// <summary>The first words of a connection, and a heartbeat's. Source: the driver specification "MongoDB handshake".</summary>
internal static class HelloCommand
{
    /// <summary>isMaster with helloOk, which every server since 2.6 understands, with what we are and can.</summary>
    internal static BsonDocument First(ConnectionSettings settings) =>
        BsonDocument.Build(hello =>
        {
            hello.Int32("isMaster"u8, 1).Boolean("helloOk"u8, true);
            hello.BeginDocument("client"u8);
            hello.BeginDocument("application"u8).String("name"u8, Shortened(settings.ApplicationName)).EndDocument();
            hello.BeginDocument("driver"u8).String("name"u8, "backup").String("version"u8, Version()).EndDocument();
            hello
                .BeginDocument("os"u8)
                .String("type"u8, OperatingSystem.IsWindows() ? "Windows" : "Linux")
                .String("architecture"u8, RuntimeInformation.OSArchitecture.ToString())
                .EndDocument();
            hello.EndDocument();
            hello.BeginArray("compression"u8);
            Span<byte> scratch = stackalloc byte[11];
            foreach (var compressor in settings.Compressors)
            {
                hello.String(hello.ArrayItemName(scratch), compressor);
            }

            hello.EndArray();
            if (settings.Credential is { Mechanism: null } credential)
            {
                hello.String("saslSupportedMechs"u8, $"{credential.Source}.{credential.Username}");
            }
        });

    /// <summary>A heartbeat: hello where the server knows it.</summary>
    /// <param name="known">Where it is given the server answers as soon as its state is another one than this.</param>
    /// <param name="atMost">But not later than this.</param>
    internal static BsonDocument Heartbeat(bool helloOk, TopologyVersion? known = null, TimeSpan atMost = default) =>
        BsonDocument.Build(hello =>
        {
            if (helloOk)
            {
                hello.Int32("hello"u8, 1);
            }
            else
            {
                hello.Int32("isMaster"u8, 1).Boolean("helloOk"u8, true);
            }

            if (known is { } version)
            {
                hello
                    .BeginDocument("topologyVersion"u8)
                    .ObjectId("processId"u8, Convert.FromHexString(version.ProcessId))
                    .Int64("counter"u8, version.Counter)
                    .EndDocument()
                    .Int64("maxAwaitTimeMS"u8, (long)atMost.TotalMilliseconds);
            }
        });

    internal static TopologyVersion? TopologyVersionOf(BsonView reply) =>
        reply.TryGet("topologyVersion"u8, out var field)
        && field.Type == BsonType.Document
        && field.AsDocument.TryGet("processId"u8, out var process)
        && process.Type == BsonType.ObjectId
        && field.AsDocument.TryGet("counter"u8, out var counter)
        && counter.IsNumber
            ? new TopologyVersion(Convert.ToHexStringLower(process.AsObjectId), counter.ToInt64())
            : null;

    /// <summary>What a hello reply says of its server.</summary>
    /// <exception cref="Foundation.Errors.BackupException">2100: a member's address is none.</exception>
    internal static ServerDescription Describe(HostAddress address, BsonView hello)
    {
        if (!RawFields.Flag(hello, "ok"u8))
        {
            return ServerDescription.Failed(address, ApplicationError.OfReply(address, "hello", hello));
        }

        hello.TryGet("lastWrite"u8, out var lastWrite);
        var written = lastWrite.Type == BsonType.Document ? lastWrite.AsDocument : BsonDocument.Empty.View;
        return new ServerDescription
        {
            Address = address,
            Type = TypeOf(hello),
            SetName = RawFields.Text(hello, "setName"u8),
            SetVersion = RawFields.NumberOrNull(hello, "setVersion"u8),
            ElectionId =
                hello.TryGet("electionId"u8, out var election) && election.Type == BsonType.ObjectId
                    ? Convert.ToHexStringLower(election.AsObjectId)
                    : null,
            TopologyVersion = TopologyVersionOf(hello),
            Me = RawFields.Text(hello, "me"u8) is { } me ? HostAddress.Parse(me) : null,
            Hosts = Addresses(hello, "hosts"u8),
            Passives = Addresses(hello, "passives"u8),
            Arbiters = Addresses(hello, "arbiters"u8),
            Primary = RawFields.Text(hello, "primary"u8) is { Length: > 0 } primary ? HostAddress.Parse(primary) : null,
            Hidden = RawFields.Flag(hello, "hidden"u8),
            IsInSecondaryState = RawFields.Flag(hello, "secondary"u8),
            Tags = TagsOf(hello),
            MinWireVersion = RawFields.Number(hello, "minWireVersion"u8),
            MaxWireVersion = RawFields.Number(hello, "maxWireVersion"u8),
            LogicalSessionTimeoutMinutes = RawFields.NumberOrNull(hello, "logicalSessionTimeoutMinutes"u8),
            LastWrite = OptimeOf(written, "opTime"u8),
            MajorityWrite = OptimeOf(written, "majorityOpTime"u8),
            LastWriteDate =
                written.TryGet("lastWriteDate"u8, out var date) && date.Type == BsonType.DateTime ? date.AsDateTime : 0,
        };
    }

    private static ServerType TypeOf(BsonView hello)
    {
        if (RawFields.Flag(hello, "isreplicaset"u8))
        {
            return ServerType.Ghost;
        }

        if (RawFields.Text(hello, "msg"u8) == "isdbgrid")
        {
            return ServerType.Mongos;
        }

        if (!hello.Has("setName"u8))
        {
            return ServerType.Standalone;
        }

        return RawFields.Flag(hello, "hidden"u8) ? ServerType.Other
            : IsPrimary(hello) ? ServerType.Primary
            : RawFields.Flag(hello, "secondary"u8) ? ServerType.Secondary
            : RawFields.Flag(hello, "arbiterOnly"u8) ? ServerType.Arbiter
            : ServerType.Other;
    }

    private static bool IsPrimary(BsonView hello) =>
        hello.TryGet("isWritablePrimary"u8, out var field) ? field.ToBoolean() : RawFields.Flag(hello, "ismaster"u8);

    private static List<HostAddress> Addresses(BsonView hello, ReadOnlySpan<byte> name) =>
        RawFields.Texts(hello, name).ConvertAll(HostAddress.Parse);

    private static Dictionary<string, string> TagsOf(BsonView hello)
    {
        var tags = new Dictionary<string, string>(StringComparer.Ordinal);
        if (hello.TryGet("tags"u8, out var field) && field.Type == BsonType.Document)
        {
            foreach (var tag in field.AsDocument)
            {
                if (tag.Type == BsonType.String)
                {
                    tags[tag.NameText] = tag.AsString;
                }
            }
        }

        return tags;
    }

    private static Foundation.Optime OptimeOf(BsonView written, ReadOnlySpan<byte> name)
    {
        if (!written.TryGet(name, out var field) || field.Type != BsonType.Document)
        {
            return Foundation.Optime.Zero;
        }

        var optime = field.AsDocument;
        return optime.TryGet("ts"u8, out var ts) && ts.Type == BsonType.Timestamp
            ? Foundation.Optime.FromTimestamp(ts.AsTimestamp, RawFields.Number(optime, "t"u8, -1))
            : Foundation.Optime.Zero;
    }

    private static string Shortened(string name) => name.Length <= 120 ? name : name[..120];

    private static string Version() => typeof(HelloCommand).Assembly.GetName().Version?.ToString(3) ?? "0";
}
