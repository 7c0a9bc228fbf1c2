using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;

namespace Backup.Tests.WebUI;

/// <content>The keys of groups.</content>
internal sealed partial class TestDesks : IKeyDesk
{
    private static KeysView SomeKeys =>
        new(
            true,
            "0123456789abcdef",
            [new GroupKeysView("g", "default", [new DataKeyView("fedcba9876543210", 1, Noon, Seals: true)], null)]
        );

    public Task<KeysView> KeysAsync(CancellationToken cancellation) => Task.FromResult(SomeKeys);

    public Task<KeysView> RotateAsync(KeyRotation request, CancellationToken cancellation) =>
        Does($"rotate keys of {request.Group}", SomeKeys);

    public Task<MasterRotatedView> RotateMasterAsync(CancellationToken cancellation) =>
        Does("rotate master", new MasterRotatedView("0123456789abcdef", 2));

    public Task<KeysView> ShredAsync(KeyShredding request, CancellationToken cancellation) =>
        Does($"shred {request.Group}", SomeKeys);
}
