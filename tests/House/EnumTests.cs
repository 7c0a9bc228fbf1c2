using System.Globalization;
using Shouldly;
using Xunit;

namespace Backup.Tests.House;

/// <summary>
/// Numbers and names that are on disks or on the wire never change their meaning. Each enum of the product either is
/// frozen here, value by value, or is named as one that no byte depends on.
/// </summary>
public class EnumTests
{
    /// <summary>Enum, and its members as <c>Name=value</c>. A member may be added behind the others; none may change.</summary>
    private static readonly Dictionary<string, string> Frozen = new()
    {
        ["Backup.AlertService.Conditions.AlertUnit"] = "None=0, Seconds=1, Days=2, Percent=3, Intervals=4, Times=5",
        ["Backup.Metadata.Alerting.AlertSeverity"] = "Info=0, Warning=1, Critical=2",
        ["Backup.Metadata.Alerting.BurstKinds"] = "None=0, Updates=1, Deletes=2, Drops=4",
        ["Backup.Metadata.Alerting.DeliveryState"] = "Queued=0, Delivered=1, Failed=2",
        ["Backup.Metadata.Alerting.NoticeKind"] = "Opened=0, Worse=1, Still=2, Resolved=3, Test=4",
        ["Backup.Sandbox.Replication.MemberState"] =
            "Primary=1, Secondary=2, Recovering=3, Startup2=5, Arbiter=7, Down=8, Rollback=9, Removed=10",
        ["Backup.Blockstore.Packs.BlockCodec"] = "Raw=0, Zstd=1",
        ["Backup.Blockstore.Packs.BlockFlags"] = "None=0, Sealed=1",
        ["Backup.Blockstore.Sealing.KeyPurpose"] = "Data=0, Ids=1",
        ["Backup.Blockstore.Shared.GroomPhase"] = "None=0, Asking=1, Marking=2, AskingAgain=3, Sweeping=4",
        ["Backup.Daemon.Ssh.SftpOpen"] = "Read=1, Write=2, Create=8, Truncate=16",
        ["Backup.Daemon.Ssh.SftpStatus"] =
            "Ok=0, EndOfFile=1, NoSuchFile=2, PermissionDenied=3, Failure=4, BadMessage=5, NoConnection=6, ConnectionLost=7, Unsupported=8",
        ["Backup.Metadata.BalancerRule"] = "Flag=0, Refuse=1",
        ["Backup.Metadata.BalancerState"] = "Unknown=0, On=1, Off=2",
        ["Backup.Metadata.CutKind"] = "Snapshot=0, Checkpoint=1",
        ["Backup.Metadata.CutState"] = "Wanted=0, Stopping=1, Marking=2, Settled=3, Complete=4, Failed=5",
        ["Backup.Metadata.ApiKeyState"] = "Pending=0, Valid=1, Replaced=2, Revoked=3",
        ["Backup.Metadata.People.GroupRole"] = "Viewer=0, Operator=1, Restorer=2, BackupAdministrator=3, Owner=4",
        ["Backup.Metadata.GroupKeyPurpose"] = "Data=0, Ids=1",
        ["Backup.Metadata.HostEventKind"] =
            "BecamePrimary=0, NoPrimary=1, Elected=2, Role=3, Down=4, Up=5, Version=6, Restarted=7, Added=8, Removed=9",
        ["Backup.Metadata.HoleKind"] = "OplogLost=0, RolledBack=1, Resync=2, HeadStopped=3, CollectionLost=4",
        ["Backup.Metadata.JobState"] = "Queued=0, Running=1, Succeeded=2, Failed=3, Cancelled=4",
        ["Backup.Metadata.ReplicaSetState"] = "Waiting=0, InitialSync=1, CatchingUp=2, Tailing=3, Stopped=4",
        ["Backup.Metadata.SyncState"] = "Copying=0, Copied=1, Built=2, Abandoned=3, Wanted=4",
        ["Backup.Metadata.TimelineEventKind"] = "Copied=0, NotFound=1, Left=2, Filter=3, RenamedAway=4",
        ["Backup.MongoWire.Bson.BsonType"] =
            "EndOfDocument=0, Double=1, String=2, Document=3, Array=4, Binary=5, Undefined=6, ObjectId=7, Boolean=8, DateTime=9, Null=10, RegularExpression=11, DbPointer=12, JavaScript=13, Symbol=14, JavaScriptWithScope=15, Int32=16, Timestamp=17, Int64=18, Decimal128=19, MaxKey=127, MinKey=255",
        ["Backup.MongoWire.Dns.DnsType"] = "Txt=16, Srv=33, Opt=41",
        ["Backup.MongoWire.Protocol.CompressorId"] = "Noop=0, Zlib=2, Zstd=3",
        ["Backup.MongoWire.Protocol.MsgFlags"] = "None=0, ChecksumPresent=1, MoreToCome=2, ExhaustAllowed=65536",
        ["Backup.MongoWire.Protocol.OpCode"] = "Reply=1, Query=2004, Compressed=2012, Msg=2013",
        ["Backup.Oplog.WatchedOperation"] = "Insert=0, Update=1, Delete=2",
        ["Backup.Oplog.Catalogues.CollectionType"] = "Collection=0, View=1, TimeSeries=2",
        ["Backup.Snapshots.Records.OperandFlags"] = "None=0, Upsert=1, TolerateMissing=2",
        ["Backup.Snapshots.Records.RecordFlags"] = "None=0, Reborn=1",
        ["Backup.Snapshots.Records.RecordKind"] = "Put=1, Delete=2, Merge=3",
    };

    /// <summary>Enums that are neither stored nor sent.</summary>
    private static readonly HashSet<string> InMemoryOnly =
    [
        "Backup.Blockstore.Grooming.HoldKind",
        "Backup.Blockstore.Mongo.PendingKind",
        "Backup.Blockstore.Packs.GroomStep",
        "Backup.Blockstore.Shared.SharedGroomStep",
        "Backup.Cli.Appliance.ApplianceRole",
        "Backup.Cli.Appliance.DaemonKind",
        "Backup.Cli.Configuration.SettingShape",
        "Backup.WebUI.Access.AccessLevel",
        "Backup.WebUI.Access.CallerKind",
        "Backup.WebUI.Access.Permission",
        "Backup.WebUI.Contracts.SubjectKind",
        "Backup.Metadata.Mongo.Exports.ColumnKind",
        "Backup.Daemon.Radar.RadarAge",
        "Backup.Daemon.Schedule.KeepReason",
        "Backup.Oplog.Updates.PlanAction",
        "Backup.MongoWire.Uri.OptionKind",
        "Backup.Foundation.RestoreRule",
        "Backup.MongoWire.Bson.ExtendedJsonMode",
        "Backup.MongoWire.Client.Discovery.ErrorKind",
        "Backup.MongoWire.Client.Discovery.ErrorStage",
        "Backup.MongoWire.Client.ReadPreferenceMode",
        "Backup.MongoWire.Client.ServerType",
        "Backup.MongoWire.Client.TopologyType",
        "Backup.MongoWire.Uri.HostKind",
        "Backup.Foundation.Contracts.MemberRuleKind",
        "Backup.Agent.Updates.TrialVerdict",
        "Backup.Agent.Updates.UpdateStep",
        "Backup.Oplog.ContinuityVerdict",
        "Backup.Oplog.MissingDocument",
        "Backup.Oplog.ReplayMode",
        "Backup.Oplog.ReplayNoticeKind",
        "Backup.Snapshots.Exports.ExportFormat",
        "Backup.BackupHttpServer.ClientCertificatePolicy",
        "Backup.Metadata.LinkVerdict",
        "Backup.Daemon.Documents.DocumentChange",
        "Backup.Daemon.Documents.VersionSource",
        "Backup.Daemon.Restores.RestoreFormat",
        "Backup.MongoQuery.Filters.Comparison",
        "Backup.Sandbox.WireProfile",
        "Backup.Sandbox.Commands.FindImage",
        "Backup.Sandbox.Transactions.TransactionState",
        "Backup.Sandbox.CommitPhase",
        "Backup.Sandbox.MigrationPhase",
        "Backup.Sandbox.Sharding.Routing.KnownAs",
        "Backup.Sandbox.Sharding.Routing.RouterTransactionState",
    ];

    public static TheoryData<string> FrozenNames => [.. Frozen.Keys];

    [Theory]
    [MemberData(nameof(FrozenNames))]
    public void A_frozen_enum_keeps_every_name_and_number(string name)
    {
        var type = Enums().Single(type => type.FullName == name);
        Members(type).ShouldBe(Frozen[name]);
    }

    [Fact]
    public void Every_enum_of_the_product_is_either_frozen_or_kept_in_memory() =>
        Enums()
            .Where(static type => !Frozen.ContainsKey(type.FullName!) && !InMemoryOnly.Contains(type.FullName!))
            .Select(static type => $"[\"{type.FullName}\"] = \"{Members(type)}\",")
            .ShouldBeEmpty("decide for each: is it stored or sent (Frozen) or not (InMemoryOnly)?");

    [Fact]
    public void No_enum_is_in_both_lists_or_gone()
    {
        Frozen.Keys.Intersect(InMemoryOnly).ShouldBeEmpty();
        var there = Enums().Select(static type => type.FullName!).ToHashSet();
        InMemoryOnly.Where(name => !there.Contains(name)).ShouldBeEmpty();
    }

    private static IEnumerable<Type> Enums() =>
        from assembly in Rooms.Assemblies
        from type in assembly.GetTypes()
        where type.IsEnum && !type.IsNestedPrivate && type.Namespace!.StartsWith("Backup.", StringComparison.Ordinal)
        orderby type.FullName
        select type;

    private static string Members(Type type) =>
        string.Join(
            ", ",
            Enum.GetValuesAsUnderlyingType(type)
                .Cast<object>()
                .Select(value => string.Create(CultureInfo.InvariantCulture, $"{Enum.GetName(type, value)}={value}"))
        );
}
