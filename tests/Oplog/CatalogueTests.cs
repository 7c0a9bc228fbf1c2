using Backup.MongoWire.Bson;
using Backup.Oplog;
using Backup.Oplog.Catalogues;
using Shouldly;
using Xunit;
using static Backup.Tests.Oplog.Entries;

namespace Backup.Tests.Oplog;

public sealed class CatalogueTests
{
    private readonly Journal _journal = new();
    private readonly Catalogue _catalogue = CatalogueOfA();
    private readonly List<ReplayNotice> _notices = [];

    [Fact]
    public void Create_keeps_options_and_strips_what_belongs_to_one_member()
    {
        Command(
            B,
            """{"create":"b","capped":true,"size":4096,"recordIdsReplicated":true,"idIndex":{"v":2,"key":{"_id":1},"name":"_id_"}}"""
        );

        var created = _catalogue.Find(B)!;
        created.Namespace.ShouldBe("d.b");
        ExtendedJson.ToText(created.Options.View).ShouldBe("""{"capped":true,"size":4096}""");
        created.Indexes.Count.ShouldBe(1);
        // Replayed over a newer listing it changes nothing.
        Command(A, """{"create":"old","capped":true,"size":1}""");
        _catalogue.Find(A)!.Name.ShouldBe("a");
    }

    [Fact]
    public void A_create_that_names_no_id_index_gets_the_one_that_a_server_makes()
    {
        Command(B, """{"create":"b"}""");
        ExtendedJson
            .ToText(_catalogue.Find(B)!.Indexes.Single().View)
            .ShouldBe("""{"v":1,"key":{"_id":1},"name":"_id_"}""");
    }

    [Fact]
    public void A_clustered_collection_lists_its_key_with_what_the_options_say_and_buckets_list_none()
    {
        Command(
            B,
            """{"create":"b","clusteredIndex":{"v":2,"key":{"_id":1},"name":"k","unique":true},"collation":{"locale":"de"}}"""
        );
        Command(B, """{"createIndexes":"b","v":2,"key":{"n":1},"name":"n"}""");
        Command(B, """{"collMod":"b","expireAfterSeconds":{"$numberLong":"60"}}""");
        Command(B, """{"dropIndexes":"b","index":"*"}""");

        ExtendedJson
            .ToText(_catalogue.Find(B)!.Indexes.Single().View)
            .ShouldBe(
                """{"v":2,"key":{"_id":1},"name":"k","unique":true,"collation":{"locale":"de"},"expireAfterSeconds":60,"clustered":true}"""
            );

        Command(B, """{"drop":"b"}""");
        Command(B, """{"create":"system.buckets.s","clusteredIndex":true,"timeseries":{"timeField":"t"}}""");
        _catalogue.Find(B)!.Indexes.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("""{"_id":"d.s","viewOn":"system.buckets.s","pipeline":[]}""", true)]
    [InlineData("""{"_id":"d.s.t","viewOn":"system.buckets.s.t","pipeline":[]}""", true)]
    [InlineData("""{"_id":"d.s","viewOn":"b","timeseries":{"timeField":"t"},"pipeline":[]}""", true)]
    [InlineData("""{"_id":"d.mine","viewOn":"system.buckets.s","pipeline":[]}""", false)]
    [InlineData("""{"_id":"d.s","viewOn":"s2","pipeline":[]}""", false)]
    public void The_face_of_buckets_is_told_from_a_view(string document, bool isFace) =>
        ViewDefinition.Read(ExtendedJson.Parse(document).View)!.IsTimeSeries.ShouldBe(isFace);

    [Fact]
    public void A_validator_writes_down_level_and_action_and_a_new_ttl_stands_at_the_end()
    {
        Command(A, """{"createIndexes":"a","v":2,"key":{"t":1},"name":"t","expireAfterSeconds":5,"sparse":true}""");
        Command(A, """{"collMod":"a","index":{"name":"t","expireAfterSeconds":6},"validator":{"x":1}}""");
        var changed = _catalogue.Find(A)!;
        ExtendedJson
            .ToText(changed.Options.View)
            .ShouldBe("""{"validator":{"x":1},"validationLevel":"strict","validationAction":"error"}""");
        ExtendedJson
            .ToText(changed.Indexes[^1].View)
            .ShouldBe("""{"v":2,"key":{"t":1},"name":"t","sparse":true,"expireAfterSeconds":6}""");
    }

    [Fact]
    public void Drop_goes_by_uuid_and_is_harmless_for_an_unknown_one()
    {
        Command(B, """{"drop":"a"}""");
        _catalogue.Count.ShouldBe(1);
        Command(A, """{"drop":"a"}""");
        _catalogue.Count.ShouldBe(0);
        _journal.Lines.ShouldBe(["drop a"]);
    }

    [Fact]
    public void A_rename_crosses_databases_drops_its_target_and_takes_the_indexes_along()
    {
        _catalogue.Set(
            Collection(B, "b", """{"temp":true}""") with
            {
                Indexes = [ExtendedJson.Parse("""{"v":2,"key":{"_id":1},"name":"_id_","ns":"d.b"}""")],
            }
        );
        Command(
            B,
            "{\"renameCollection\":\"d.b\",\"to\":\"e.x.y\",\"stayTemp\":false,\"dropTarget\":{\"$uuid\":\""
                + CollectionA
                + "\"}}"
        );

        var renamed = _catalogue.Find(B)!;
        (renamed.Database, renamed.Name).ShouldBe(("e", "x.y"));
        renamed.Options.ShouldBe(BsonDocument.Empty);
        ExtendedJson.ToText(renamed.Indexes[0].View).ShouldContain("e.x.y");
        _catalogue.Find(A).ShouldBeNull();
        _journal.Lines.ShouldBe(["drop a"]);
    }

    [Fact]
    public void Indexes_are_added_once_changed_and_dropped_by_name_key_or_star()
    {
        Command(A, """{"createIndexes":"a","v":2,"key":{"x":1},"name":"x_1"}""");
        Command(A, """{"createIndexes":"a","v":2,"key":{"x":1},"name":"x_1"}""");
        Command(
            A,
            """{"commitIndexBuild":"a","indexes":[{"v":2,"key":{"y":1},"name":"y_1"},{"v":2,"key":{"z":1},"name":"z_1"}]}"""
        );
        Names().ShouldBe(["_id_", "x_1", "y_1", "z_1"]);

        Command(A, """{"collMod":"a","index":{"name":"x_1","expireAfterSeconds":60,"hidden":true}}""");
        ExtendedJson
            .ToText(_catalogue.Find(A)!.Indexes[1].View)
            .ShouldBe("""{"v":2,"key":{"x":1},"name":"x_1","expireAfterSeconds":60,"hidden":true}""");
        Command(A, """{"collMod":"a","index":{"keyPattern":{"x":1},"hidden":false}}""");
        ExtendedJson
            .ToText(_catalogue.Find(A)!.Indexes[1].View)
            .ShouldBe("""{"v":2,"key":{"x":1},"name":"x_1","expireAfterSeconds":60}""");

        Command(A, """{"dropIndexes":"a","index":"x_1"}""");
        Command(A, """{"deleteIndex":"a","index":{"y":1}}""");
        Names().ShouldBe(["_id_", "z_1"]);
        Command(A, """{"dropIndexes":"a","index":"*"}""");
        Names().ShouldBe(["_id_"]);
    }

    [Fact]
    public void CollMod_sets_and_removes_options_in_the_servers_order()
    {
        Command(A, """{"collMod":"a","validationAction":"warn"}""");
        Command(A, """{"collMod":"a","validator":{"y":1},"validationLevel":"moderate"}""");
        ExtendedJson
            .ToText(_catalogue.Find(A)!.Options.View)
            .ShouldBe("""{"validator":{"y":1},"validationLevel":"moderate","validationAction":"warn"}""");
        Command(A, """{"collMod":"a","validator":{}}""");
        ExtendedJson
            .ToText(_catalogue.Find(A)!.Options.View)
            .ShouldBe("""{"validationLevel":"moderate","validationAction":"warn"}""");
    }

    [Fact]
    public void Capped_commands_set_the_option_and_remove_the_documents()
    {
        Command(A, """{"convertToCapped":"a","size":4096}""");
        _catalogue.Find(A)!.CappedBytes.ShouldBe(4096);
        Command(A, """{"emptycapped":"a"}""");
        _journal.Lines.ShouldBe(["clear a"]);
    }

    [Fact]
    public void DropDatabase_spares_a_newer_listing_while_catching_up()
    {
        Command(null, """{"dropDatabase":1}""", ReplayMode.CatchingUp);
        _catalogue.Count.ShouldBe(1);
        Command(null, """{"dropDatabase":1}""");
        _catalogue.Count.ShouldBe(0);
    }

    [Theory]
    [InlineData("""{"importCollection":"a"}""")]
    [InlineData("""{"upgradeDowngradeViewlessTimeseries":"a"}""")]
    public void What_cannot_be_replayed_asks_for_a_fresh_copy_of_that_collection(string command)
    {
        Command(A, command);
        _notices.Single().Kind.ShouldBe(ReplayNoticeKind.CollectionNeedsResync);
        _catalogue.Find(A)!.ExcludedBecause.ShouldNotBeNull();
    }

    [Theory]
    [InlineData("""{"abortIndexBuild":"a","indexes":[{"v":2,"key":{"x":1},"name":"x_1"}],"cause":{"ok":false}}""")]
    [InlineData("""{"abortIndexBuild":"a","indexes":[{"v":2,"key":{"x":1},"unique":true,"name":"x_1"}]}""")]
    public void What_was_listed_while_it_was_built_goes_when_the_build_is_given_up(string abort)
    {
        Command(A, """{"createIndexes":"a","v":2,"key":{"x":1},"unique":true,"name":"x_1"}""");
        Command(A, """{"createIndexes":"a","v":2,"key":{"y":1},"name":"y_1"}""");
        Command(A, abort);
        Names().ShouldBe(["_id_", "y_1"]);

        // The next try ends well.
        Command(A, """{"commitIndexBuild":"a","indexes":[{"v":2,"key":{"x":1},"name":"x_1"}]}""");
        Names().ShouldBe(["_id_", "y_1", "x_1"]);
        Command(A, """{"abortIndexBuild":"a","indexes":[{"v":2,"key":{"z":1},"name":"z_1"}]}""");
        Names().ShouldBe(["_id_", "y_1", "x_1"]);
    }

    [Theory]
    [InlineData("startIndexBuild")]
    [InlineData("abortIndexBuild")]
    [InlineData("dbCheck")]
    [InlineData("setMultikeyMetadata")]
    [InlineData("createDatabaseMetadata")]
    public void Commands_that_mean_nothing_here_change_nothing(string command)
    {
        Command(A, "{\"" + command + "\":\"a\"}");
        _journal.Lines.ShouldBeEmpty();
        Names().ShouldBe(["_id_"]);
    }

    [Fact]
    public void A_catalogue_is_stored_with_fields_of_later_versions()
    {
        _catalogue.Set(
            _catalogue.Find(A)! with
            {
                ExcludedBecause = "why",
                Unknown = ExtendedJson.Parse("""{"later":[1]}"""),
            }
        );
        var stored = Store(_catalogue);

        var read = Catalogue.Read(stored.View["c"u8].AsDocument);

        Store(read).ShouldBe(stored);
        read.Find(A)!.ExcludedBecause.ShouldBe("why");
        read.Find(A)!.Indexes.Count.ShouldBe(1);
    }

    [Theory]
    [InlineData(1u, 5, ContinuityVerdict.Continues)]
    [InlineData(1u, 6, ContinuityVerdict.RolledBack)]
    [InlineData(2u, 5, ContinuityVerdict.Hole)]
    public void Continuity_is_proved_by_timestamp_and_term(uint i, long term, ContinuityVerdict expected)
    {
        var first = ExtendedJson.Parse(
            "{\"ts\":{\"$timestamp\":{\"t\":9,\"i\":"
                + i
                + "}},\"t\":{\"$numberLong\":\""
                + term
                + "\"},\"op\":\"n\",\"o\":{}}"
        );
        Continuity.Check(first.Span, new Foundation.Optime(9, 1, 5)).ShouldBe(expected);
    }

    private static BsonDocument Store(Catalogue catalogue) => BsonDocument.Build(w => catalogue.WriteTo(w, "c"u8));

    private IEnumerable<string> Names() => _catalogue.Find(A)!.Indexes.Select(i => i.View["name"u8].AsString);

    private void Command(Guid? uuid, string command, ReplayMode mode = ReplayMode.Consistent)
    {
        using var replayer = new OplogReplayer(
            _catalogue,
            _journal,
            new OplogReplayerOptions { Mode = mode, OnNotice = _notices.Add }
        );
        var ui = uuid is null ? "" : Ui(uuid.Value.ToString()) + ",";
        replayer.Apply(At(1, "\"op\":\"c\",\"ns\":\"d.$cmd\"," + ui + "\"o\":" + command));
    }
}
