using Backup.Metadata.People;

namespace Backup.Metadata.Sqlite;

internal sealed class SqlitePeople(ITransactions database) : IPeople
{
    public IUsers Users { get; } = new SqliteUsers(database);

    public ISecondFactors SecondFactors { get; } = new SqliteSecondFactors(database);

    public IMemberships Memberships { get; } = new SqliteMemberships(database);

    public IInvitations Invitations { get; } = new SqliteInvitations(database);

    public ISessions Sessions { get; } = new SqliteSessions(database);

    public IApiTokens Tokens { get; } = new SqliteApiTokens(database);
}
