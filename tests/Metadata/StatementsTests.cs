using Backup.Metadata.Sqlite;
using Microsoft.Data.Sqlite;
using Shouldly;
using Xunit;

namespace Backup.Tests.Metadata;

/// <summary>Statements are compiled once; what one leaves behind does not show in the next.</summary>
public sealed class StatementsTests : IDisposable
{
    private readonly Statements _statements;

    public StatementsTests()
    {
        SQLitePCL.Batteries_V2.Init();
        var connection = new SqliteConnection("Data Source=:memory:");
        connection.Open();
        _statements = new Statements(connection);
        Session.Execute("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, data BLOB) STRICT");
    }

    private Session Session => new(_statements, null);

    public void Dispose() => _statements.Dispose();

    [Fact]
    public void A_statement_is_bound_anew_each_time()
    {
        const string insert = "INSERT INTO t (id, name, data) VALUES (@id, @name, @data)";
        Session
            .Execute(
                insert,
                new
                {
                    Id = 1,
                    Name = "a",
                    Data = new byte[] { 1 },
                }
            )
            .ShouldBe(1);
        Session
            .Execute(
                insert,
                new
                {
                    Id = 2,
                    Name = (string?)null,
                    Data = new byte[100_000],
                }
            )
            .ShouldBe(1);
        Session
            .Execute(
                insert,
                new
                {
                    Id = 3,
                    Name = "c",
                    Data = Array.Empty<byte>(),
                }
            )
            .ShouldBe(1);

        Session
            .Query("SELECT name, length(data) FROM t ORDER BY id", row => (row.TextOrNull(), row.Long()))
            .ShouldBe([("a", 1), (null, 100_000), ("c", 0)]);
        Session.Number("SELECT count(*) FROM t WHERE name = @name", new { name = "c" }).ShouldBe(1);
        Session.Number("SELECT id FROM t WHERE name = @name", new { name = "none" }).ShouldBe(0);
    }

    [Fact]
    public void One_that_is_being_read_may_be_run_again_meanwhile()
    {
        const string sql = "SELECT @n UNION ALL SELECT @n + 1";
        var session = Session;

        session
            .Query(
                sql,
                row => (row.Long(), session.Query(sql, inner => inner.Long(), new { n = 10 })[1]),
                new { n = 1 }
            )
            .ShouldBe([(1, 11), (2, 11)]);
    }

    [Fact]
    public void One_that_failed_works_again()
    {
        const string insert = "INSERT INTO t (id) VALUES (@id)";
        Session.Execute(insert, new { id = 1 });

        Should.Throw<SqliteException>(() => Session.Execute(insert, new { id = 1 }));
        Should.Throw<ArgumentException>(() => Session.Execute(insert, new { other = 1 }));

        Session.Execute(insert, new { id = 2 }).ShouldBe(1);
    }
}
