using Backup.Foundation;
using Backup.Metadata;
using Backup.Metadata.Mongo;
using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.MongoWire.Bson;
using Shouldly;
using Xunit;

namespace Backup.Tests.Metadata.Mongo;

public sealed class RecordMapTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);

    private sealed record Part(string Name, IReadOnlyList<Optime> At);

    private sealed record Sample(
        string Id,
        int Number,
        long Long,
        double Real,
        bool Flag,
        Guid Uuid,
        byte[] Bytes,
        Optime Optime,
        TimeSpan Length,
        TimeOnly At,
        HoleKind Kind,
        IReadOnlyList<string> Names,
        IReadOnlyList<Part> Parts,
        Part? Inner = null,
        int? Maybe = null,
        string Text = "unless given"
    )
    {
        public DateTimeOffset? Set { get; init; }

        public TimeSpan Usual { get; init; } = TimeSpan.FromDays(7);

        public bool IsComputed => Number > 0;
    }

    [Fact]
    public void A_record_comes_back_as_it_was()
    {
        var sample = NewSample() with
        {
            Inner = new Part("inner", new List<Optime> { new(uint.MaxValue, uint.MaxValue, long.MinValue) }),
            Maybe = -1,
            Text = "",
            Set = Now,
            Usual = TimeSpan.Zero,
        };
        var again = Collection().Read(Collection().Write(sample));
        again.ShouldBeEquivalentTo(sample);
        Collection().Read(Collection().Write(NewSample())).ShouldBeEquivalentTo(NewSample());
    }

    [Fact]
    public void A_document_is_readable_by_people()
    {
        var document = Collection().Write(NewSample(), ("order", 7L));
        ExtendedJson
            .ToText(document.View)
            .ShouldBe(
                """
                {"_id":"x","number":1,"long":2,"real":0.5,"flag":true,"uuid":{"$binary":{"base64":"AAAAAAAAAAAAAAAAAAAAAQ==","subType":"04"}},"bytes":{"$binary":{"base64":"AQID","subType":"00"}},"optime":{"ts":{"$timestamp":{"t":10,"i":2}},"t":3},"lengthMs":1500,"atMs":9000000,"kind":2,"names":["a","b"],"parts":[{"name":"p","at":[]}],"text":"unless given","usualMs":604800000,"order":7}
                """
            );
    }

    [Fact]
    public void What_a_document_of_an_older_release_lacks_is_what_the_record_takes_unless_given()
    {
        var read = Collection().Read(Doc.Of(("_id", "x"), ("number", 4), ("unknown", "of a newer release")));
        (read.Id, read.Number, read.Text, read.Maybe, read.Usual, read.Kind).ShouldBe(
            ("x", 4, "unless given", null, TimeSpan.FromDays(7), HoleKind.OplogLost)
        );
    }

    [Fact]
    public void Policies_and_deployments_come_back_as_they_were()
    {
        var policy = SnapshotPolicy.Default("s") with { At = new TimeOnly(2, 45, 30), Zone = "Europe/Berlin" };
        DeploymentCollections.Policies.Read(DeploymentCollections.Policies.Write(policy)).ShouldBe(policy);
        var early = policy with { At = null, VerifyInterval = TimeSpan.Zero };
        DeploymentCollections.Policies.Read(DeploymentCollections.Policies.Write(early)).ShouldBe(early);

        var deployment = new Deployment("d", "g", "n", "replicaSet", "mongodb://h", Now)
        {
            Cluster = new ClusterMembership("c", "shard0"),
            Namespaces = NamespaceFilter.Of(["a.*"], ["a.b"]),
            Source = new SourceSettings(3, "tags:a=b", 4, 5, Now),
        };
        DeploymentCollections
            .Deployments.Read(DeploymentCollections.Deployments.Write(deployment))
            .ShouldBe(deployment);
    }

    private static Collection<Sample> Collection() => new("samples", nameof(Sample.Id));

    private static Sample NewSample() =>
        new(
            "x",
            1,
            2,
            0.5,
            true,
            new Guid("00000000-0000-0000-0000-000000000001"),
            [1, 2, 3],
            new Optime(10, 2, 3),
            TimeSpan.FromMilliseconds(1500),
            new TimeOnly(2, 30),
            HoleKind.Resync,
            new List<string> { "a", "b" },
            new List<Part> { new("p", new List<Optime>()) }
        );
}
