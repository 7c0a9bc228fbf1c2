using Backup.WebUI;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Api;

/// <content>Accounts.</content>
internal sealed partial class ApiClient
{
    internal Task<IReadOnlyList<UserView>> PeopleAsync(CancellationToken cancellation) =>
        GetAsync<IReadOnlyList<UserView>>("/users", cancellation);

    internal async Task<UserView> ChangePersonAsync(string email, UserChange change, CancellationToken cancellation)
    {
        var found =
            (await PeopleAsync(cancellation)).FirstOrDefault(one =>
                string.Equals(one.Email, email.Trim(), StringComparison.OrdinalIgnoreCase)
            ) ?? throw WebUIErrors.Nothing("such account");
        return await PatchAsync<UserChange, UserView>($"/users/{found.Id}", change, cancellation);
    }
}
