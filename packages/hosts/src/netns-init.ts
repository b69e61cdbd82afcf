/**
 * What runs as process 1 of a host, in fresh mount, network, process, name and IPC namespaces: gives the host its network and
 * its root (this machine's files, with the host's own changes laid over them), then keeps relay and agent running. A text for
 * `sh -c`, for it outlives the program that starts it.
 *
 * Arguments: host name, node's path, the relay's program, the endpoint as `host:port`, folders to hide.
 * Working directory: the host's folder with upper/, work/, root/, relay/. Standard input: one line `ADDRESS GATEWAY`, once the
 * network card is there. Descriptor 3: hears `ready` before that line is read, and `up` when the host runs.
 */
export const INIT_PROGRAM = `
set -eu
name=$1 node=$2 relay=$3 endpoint=$4
shift 4
echo ready >&3
read -r address gateway
exec < /dev/null
export SLIPWAY_HOST_ADDRESS="$address"

hostname "$name"
ip link set lo up
ip address add "$address/30" dev eth0
ip link set eth0 up
ip route add default via "$gateway"

mount --make-rprivate /
if ! mount -t overlay overlay -o lowerdir=/,upperdir=upper,workdir=work root; then
  # The folder lies on a file system that cannot carry an overlay, such as another overlay: the host's changes live in memory.
  mkdir memory
  mount -t tmpfs -o mode=755 memory memory
  mkdir memory/upper memory/work
  cp -a upper/. memory/upper/
  mount -t overlay overlay -o lowerdir=/,upperdir=memory/upper,workdir=memory/work root
fi
for hidden in "$@"; do
  if [ -d "root$hidden" ]; then mount -t tmpfs -o ro,mode=755,size=4k hidden "root$hidden"; fi
done
mount --rbind /dev root/dev
mount -t proc proc root/proc
mount -t sysfs -o ro sysfs root/sys
mount -t tmpfs -o mode=1777 tmp root/tmp
mount -t tmpfs -o mode=755 run root/run
mkdir root/run/slipway root/run/lock
mount --bind relay root/run/slipway
: > root/opt/codedeploy-agent/bin/node
mount --bind "$node" root/opt/codedeploy-agent/bin/node

cd root
pivot_root . mnt
cd /
umount -l /mnt
echo up >&3
exec 3>&-

# From here on a program that ends is started again, not the end of the host.
set +e
while :; do node -e "$relay" "$endpoint" /run/slipway/endpoint.sock; sleep 1; done &
while :; do node /opt/codedeploy-agent/agent.js --config /etc/codedeploy-agent/conf/agent.json; sleep 1; done
`;
