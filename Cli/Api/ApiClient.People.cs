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

    internal Task<UserView> AddPersonAsync(PersonRequest person, CancellationToken cancellation) =>
        PostAsync<PersonRequest, UserView>("/host/people", person, cancellation);

    internal Task<UserView> SetPasswordAsync(
        string email,
        NewPasswordRequest password,
        CancellationToken cancellation
    ) =>
        PutAsync<NewPasswordRequest, UserView>(
            $"/host/people/{Uri.EscapeDataString(email)}/password",
            password,
            cancellation
        );

    internal Task<SetupTokenView> SetupTokenAsync(CancellationToken cancellation) =>
        PostAsync<SetupTokenView>("/host/setup-token", cancellation);
}
