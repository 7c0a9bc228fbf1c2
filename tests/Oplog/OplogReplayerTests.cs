using Backup.Foundation;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.Oplog;
using Backup.Oplog.Catalogues;
using Backup.Tests.Support;
using Shouldly;
using Xunit;
using static Backup.Tests.Oplog.Entries;

namespace Backup.Tests.Oplog;

public sealed class OplogReplayerTests
{
    private readonly Journal _journal = new();
    private readonly List<ReplayNotice> _notices = [];
    private Catalogue _catalogue = CatalogueOfA();
    private uint _next;

    [Fact]
    public void Documents_are_put_updated_and_deleted_by_uuid()
    {
        var replayer = Replayer();

        Apply(
            replayer,
            $$"""
            "op":"i","ns":"d.other",{{Ui(CollectionA)}},"o":{"_id":1}
            """
        );
        Apply(
            replayer,
            $$"""
            "op":"u","ns":"d.a",{{Ui(CollectionA)}},"o":{"_id":1,"x":2},"o2":{"_id":1}
            """
        );
        Apply(
            replayer,
            $$"""
            "op":"u","ns":"d.a",{{Ui(CollectionA)}},"o":{"x":2},"o2":{"_id":1}
            """
        );
        Apply(
            replayer,
            $$"""
            "op":"u","ns":"d.a",{{Ui(CollectionA)}},"o":{"$v":1,"$set":{"x":3} },"o2":{"_id":1}
            """
        );
        Apply(
            replayer,
            $$"""
            "op":"u","ns":"d.a",{{Ui(CollectionA)}},"b":true,"o":{"$v":1,"$set":{"x":3} },"o2":{"_id":1}
            """
        );
        Apply(
            replayer,
            $$"""
            "op":"d","ns":"d.a",{{Ui(CollectionA)}},"o":{"_id":1}
            """
        );
        Apply(
            replayer,
            """
            "op":"n","ns":"","o":{"msg":"x"}
            """
        );

        _journal.Lines.ShouldBe([
            """insert a {"_id":1}""",
            """replace a {"_id":1,"x":2}""",
            """replace a {"_id":1,"x":2}""",
            """update a {"_id":1} Damage""",
            """update a {"_id":1} Upsert""",
            """delete a {"_id":1}""",
        ]);
        replayer.Position.ShouldBe(new Optime(100, _next, 1));
    }

    [Fact]
    public void While_catching_up_what_is_missing_is_tolerated_and_afterwards_it_is_damage()
    {
        var unknown = $$"""
            "op":"i","ns":"d.b",{{Ui(CollectionB)}},"o":{"_id":1}
            """;
        var replayer = Replayer(ReplayMode.CatchingUp);
        Apply(replayer, unknown);
        Apply(
            replayer,
            $$"""
            "op":"u","ns":"d.a",{{Ui(CollectionA)}},"o":{"$v":1,"$set":{"x":3} },"o2":{"_id":1}
            """
        );
        _journal.Lines.ShouldBe(["""update a {"_id":1} Ignore"""]);

        replayer.Mode = ReplayMode.Consistent;
        Should.Throw<BackupException>(() => Apply(replayer, unknown)).Number.ShouldBe(OplogErrors.UnknownCollection);
    }

    [Theory]
    [InlineData("config.transactions")]
    [InlineData("config.cache.chunks.d.a")]
    [InlineData("config.rangeDeletions")]
    [InlineData("local.x")]
    [InlineData("d.system.profile")]
    public void Namespaces_that_are_never_copied_are_passed_over(string ns)
    {
        Apply(Replayer(), "\"op\":\"i\",\"ns\":\"" + ns + "\"," + Ui(CollectionB) + ",\"o\":{\"_id\":1}");
        _journal.Lines.ShouldBeEmpty();
    }

    [Fact]
    public void An_unknown_command_stops_before_anything_of_the_entry_is_applied()
    {
        var replayer = Replayer();
        var inner = InsertA(1) + """,{"op":"c","ns":"d.$cmd","o":{"frobnicate":"a"}}""";

        var error = Should.Throw<BackupException>(() =>
            Apply(replayer, "\"op\":\"c\",\"ns\":\"d.$cmd\",\"o\":{\"applyOps\":[" + inner + "]}")
        );

        error.Number.ShouldBe(OplogErrors.UnknownCommand);
        error.Message.ShouldContain("frobnicate");
        error.Message.ShouldContain("100,1");
        _journal.Lines.ShouldBeEmpty();
        replayer.Position.ShouldBe(Optime.Zero);
    }

    [Fact]
    public void Entries_out_of_order_are_refused()
    {
        var replayer = Replayer();
        Apply(replayer, "\"op\":\"n\",\"ns\":\"\",\"o\":{}");
        _next = 0;
        Should
            .Throw<BackupException>(() => Apply(replayer, "\"op\":\"n\",\"ns\":\"\",\"o\":{}"))
            .Number.ShouldBe(OplogErrors.OutOfOrder);
    }

    [Fact]
    public void A_transaction_of_one_entry_is_applied_at_once()
    {
        Apply(Replayer(), Txn(InsertA(1)));
        _journal.Lines.Count.ShouldBe(1);
    }

    [Fact]
    public void A_chain_is_applied_at_its_last_link_even_from_disk()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("9.txn"), "left by a crash");
        using var replayer = Replayer(spill: folder.Path);

        Apply(replayer, Txn(InsertA(1), ",\"partialTxn\":true"));
        Apply(replayer, Txn(InsertA(2), ",\"partialTxn\":true", previous: 1));
        _journal.Lines.ShouldBeEmpty();
        replayer.OldestOpenTransaction.ShouldBe(new Optime(100, 1, 1));
        folder.Names().ShouldNotContain("9.txn");
        folder.Names().ShouldNotBeEmpty();
        Apply(replayer, Txn(InsertA(3), ",\"count\":3", previous: 2));

        _journal.Lines.ShouldBe(["""insert a {"_id":1}""", """insert a {"_id":2}""", """insert a {"_id":3}"""]);
        replayer.OldestOpenTransaction.ShouldBeNull();
        folder.Names().ShouldBeEmpty();
    }

    [Fact]
    public void A_prepared_transaction_waits_for_its_decision()
    {
        var replayer = Replayer();
        Apply(replayer, Txn(InsertA(1), ",\"prepare\":true", number: 1));
        Apply(replayer, Txn(InsertA(2), ",\"prepare\":true", number: 2));
        replayer.PreparedTransactions.Select(t => t.TransactionNumber).ShouldBe([1, 2]);

        Apply(replayer, Decide("{\"abortTransaction\":1}", number: 1));
        Apply(replayer, Decide(Commit(2), number: 2));

        _journal.Lines.ShouldBe(["""insert a {"_id":2}"""]);
        replayer.PreparedTransactions.ShouldBeEmpty();
    }

    [Fact]
    public void A_cut_holds_a_prepared_transaction_exactly_if_its_commit_timestamp_lies_in_it()
    {
        var replayer = Replayer();
        Apply(replayer, Txn(InsertA(1), ",\"prepare\":true", number: 1));
        Apply(replayer, Txn(InsertA(2), ",\"prepare\":true", number: 2));
        var cut = new Optime(100, 2);

        replayer.DecideAfter(cut, At(3, "\"op\":\"n\",\"ns\":\"\",\"o\":{}")).ShouldBeFalse();
        replayer.DecideAfter(cut, At(4, Decide(Commit(2), number: 1))).ShouldBeFalse();
        replayer.DecideAfter(cut, At(5, Decide(Commit(3), number: 2))).ShouldBeTrue();
        _journal.Lines.ShouldBe(["""insert a {"_id":1}"""]);

        // The head goes on from the cut: the first is not applied again, the second is.
        _next = 3;
        Apply(replayer, Decide(Commit(2), number: 1));
        Apply(replayer, Decide(Commit(3), number: 2));
        _journal.Lines.ShouldBe(["""insert a {"_id":1}""", """insert a {"_id":2}"""]);
    }

    [Fact]
    public void A_replay_that_goes_on_from_a_written_cut_does_not_apply_again_what_the_cut_holds_ahead_of_its_commit()
    {
        var first = Replayer();
        var prepared = new[] { 1, 2 }
            .Select(n => At((uint)n, Txn(InsertA(n), ",\"prepare\":true", number: n)))
            .ToList();
        prepared.ForEach(entry => first.Apply(entry));
        var cut = new Optime(100, 2);
        first.DecideAfter(cut, At(4, Decide(Commit(2), number: 1))).ShouldBeFalse();
        first.DecideAfter(cut, At(5, Decide(Commit(3), number: 2))).ShouldBeTrue();
        first.AppliedAhead.Select(one => one.TransactionNumber).ShouldBe([1]);
        _journal.Lines.Clear();

        var second = Replayer(appliedThrough: cut, appliedAhead: first.AppliedAhead);
        prepared.ForEach(entry => second.Apply(entry));
        second.PreparedTransactions.Select(one => one.TransactionNumber).ShouldBe([2]);
        second.Apply(At(4, Decide(Commit(2), number: 1)));
        second.Apply(At(5, Decide(Commit(3), number: 2)));
        _journal.Lines.ShouldBe(["""insert a {"_id":2}"""]);
        second.AppliedAhead.ShouldBeEmpty();
    }

    [Fact]
    public void After_a_restart_entries_up_to_the_checkpoint_only_rebuild_transactions()
    {
        var replayer = Replayer(appliedThrough: new Optime(100, 3));
        Apply(replayer, Txn(InsertA(1), ",\"prepare\":true", number: 1));
        Apply(replayer, Txn(InsertA(2), ",\"partialTxn\":true", previous: 90, number: 7));
        Apply(replayer, "\"op\":\"i\",\"ns\":\"d.a\"," + Ui(CollectionA) + ",\"o\":{\"_id\":9}");
        _journal.Lines.ShouldBeEmpty();

        Apply(replayer, Decide(Commit(2), number: 1));
        _journal.Lines.ShouldBe(["""insert a {"_id":1}"""]);
        Should
            .Throw<BackupException>(() => Apply(replayer, Txn(InsertA(3), previous: 2, number: 7)))
            .Number.ShouldBe(OplogErrors.TransactionIncomplete);
    }

    [Fact]
    public void A_vectored_insert_is_no_transaction()
    {
        Apply(Replayer(), "\"multiOpType\":1," + Txn(InsertA(1), previous: 5));
        _journal.Lines.Count.ShouldBe(1);
    }

    [Fact]
    public void A_commit_of_what_was_never_seen_is_damage() =>
        Should
            .Throw<BackupException>(() => Apply(Replayer(), Decide(Commit(1))))
            .Number.ShouldBe(OplogErrors.TransactionIncomplete);

    [Theory]
    [InlineData("4.4", """{"cappedSize":8192}""", true)]
    [InlineData("4.4", """{"cappedMax":3}""", true)]
    [InlineData("4.4", """{"cappedMax":0}""", true)]
    [InlineData("4.4", """{"cappedSize":1024,"cappedMax":1}""", false)]
    [InlineData("5.0", """{"cappedSize":8192}""", false)]
    public void A_capped_collection_that_is_made_larger_after_the_upgrade_is_copied_anew(
        string before,
        string change,
        bool isCopied
    )
    {
        _catalogue = CatalogueOfA("""{"capped":true,"size":4096,"max":2}""");
        var insert = "\"op\":\"i\",\"ns\":\"d.a\"," + Ui(CollectionA) + ",\"o\":{\"_id\":9}";
        _catalogue.Set(
            new CatalogueCollection(B, "admin", "system.version", CollectionType.Collection, BsonDocument.Empty, [])
        );
        var version =
            "\"op\":\"u\",\"ns\":\"admin.system.version\","
            + Ui(CollectionB)
            + ",\"o\":{\"$v\":1,\"$set\":{\"version\":\"6.0\"}},\"o2\":{\"_id\":\"featureCompatibilityVersion\"}";
        var replayer = Replayer(version: before);
        Apply(replayer, insert);
        Apply(replayer, version);
        Apply(replayer, $"\"op\":\"c\",\"ns\":\"d.$cmd\",{Ui(CollectionA)},\"o\":{{\"collMod\":\"a\",{change[1..]}");
        replayer.FeatureCompatibilityVersion.ShouldBe("6.0");
        _notices
            .Exists(static one => one.Kind == ReplayNoticeKind.CollectionNeedsResync)
            .ShouldBe(isCopied, "what was overwritten before is in no entry");
    }

    [Fact]
    public void A_capped_collection_is_trimmed_for_servers_that_do_not_log_its_deletes()
    {
        _catalogue = CatalogueOfA("""{"capped":true,"size":4096,"max":2}""");
        var insert = "\"op\":\"i\",\"ns\":\"d.a\"," + Ui(CollectionA) + ",\"o\":{\"_id\":9}";
        var replayer = Replayer(version: "4.4");
        Apply(replayer, insert);
        _journal.Lines.ShouldBe(["""insert a {"_id":9}""", "trim a 4096 2"]);

        // An upgrade ends it, and is told.
        _catalogue.Set(
            new CatalogueCollection(B, "admin", "system.version", CollectionType.Collection, BsonDocument.Empty, [])
        );
        Apply(
            replayer,
            "\"op\":\"u\",\"ns\":\"admin.system.version\","
                + Ui(CollectionB)
                + ",\"o\":{\"$v\":1,\"$set\":{\"version\":\"5.0\"}},\"o2\":{\"_id\":\"featureCompatibilityVersion\"}"
        );
        Apply(replayer, insert);
        _journal.Lines[^1].ShouldBe("""insert a {"_id":9}""");
        _notices.Single().Kind.ShouldBe(ReplayNoticeKind.FeatureCompatibilityChanged);
        _notices.Single().Text.ShouldBe("5.0");
    }

    [Fact]
    public void A_collection_without_ids_is_excluded_and_named()
    {
        var replayer = Replayer();
        Apply(replayer, "\"op\":\"i\",\"ns\":\"d.a\"," + Ui(CollectionA) + ",\"o\":{\"x\":9}");
        Apply(replayer, "\"op\":\"i\",\"ns\":\"d.a\"," + Ui(CollectionA) + ",\"o\":{\"_id\":9}");

        _journal.Lines.ShouldBe(["drop a"]);
        _notices.Single().Kind.ShouldBe(ReplayNoticeKind.CollectionExcluded);
        _catalogue.Find(A)!.ExcludedBecause.ShouldNotBeNull();
    }

    [Fact]
    public void A_damaged_entry_ends_in_a_numbered_error_and_in_nothing_else()
    {
        byte[] whole = At(1, Txn(InsertA(1) + "," + InsertA(2))).ToArray();
        var random = new Random(5);
        for (var round = 0; round < 5000; round++)
        {
            var bytes = whole[..random.Next(whole.Length + 1)];
            for (var flips = random.Next(3); flips >= 0 && bytes.Length > 0; flips--)
            {
                bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
            }

            using var replayer = Replayer(ReplayMode.CatchingUp);
            try
            {
                replayer.Apply(bytes);
            }
            catch (BackupException)
            {
                // What is promised.
            }
        }
    }

    private static string Commit(int timestamp) =>
        "{\"commitTransaction\":1,\"commitTimestamp\":{\"$timestamp\":{\"t\":100,\"i\":" + timestamp + "}}}";

    private OplogReplayer Replayer(
        ReplayMode mode = ReplayMode.Consistent,
        string? spill = null,
        Optime appliedThrough = default,
        string? version = null,
        IReadOnlyList<PreparedTransaction>? appliedAhead = null
    ) =>
        new(
            _catalogue,
            _journal,
            new OplogReplayerOptions
            {
                Mode = mode,
                AppliedThrough = appliedThrough,
                AppliedAhead = appliedAhead ?? [],
                SpillFolder = spill,
                TransactionMemoryBytes = 10,
                FeatureCompatibilityVersion = version,
                OnNotice = _notices.Add,
            }
        );

    private void Apply(OplogReplayer replayer, string fields) => replayer.Apply(At(++_next, fields));
}
